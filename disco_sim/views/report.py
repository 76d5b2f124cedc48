"""Jobs as one HTML file, to be kept, sent or opened without a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from disco_sim.model.cluster import Node
from disco_sim.store.log import Log
from disco_sim.tables import html
from disco_sim.views.cards import job_card
from disco_sim.views.history import History
from disco_sim.views.render import page
from disco_sim.views.rows import OOBValues, Read
from disco_sim.views.timeline import timeline_svg


def job_part(log: Log, job: str, read: Read, values: OOBValues, nodes: Sequence[Node]) -> str:
    """The card of a job for a page: its timeline is a live drawing, so that pointing at a bar tells its run."""
    card = job_card(log, job, read=read, values=values, nodes=nodes)
    history = History(log)
    state = history.job(job)
    drawing = timeline_svg(state, nodes, outages=history.outages(state))
    sections = tuple(
        replace(section, html=drawing) if section.title == "Timeline" else section for section in card.sections
    )
    return replace(card, sections=sections).html()


def report(title: str, lead: str, parts: Iterable[str]) -> str:
    """A page of `parts`, which are HTML, under a title and a sentence that says what it is."""
    body = "\n".join([f"<p>{html(lead)}</p>" if lead else "", *parts])
    return page(title, body)
