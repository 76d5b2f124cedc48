"""What reduce tasks read, seen through a stage that only joined pieces: the pieces that the tasks before it stored."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import islice

from disco_sim.model.plan import Output
from disco_sim.model.trace import TracedReduce
from disco_sim.views.state import JobState


def unshuffled(traced: TracedReduce, state: JobState, shuffles: Collection[str]) -> TracedReduce:
    """The trace as if the run had read what tasks of the stages `shuffles` joined, piece by piece, in that order."""
    makers = {
        stored.blob: state.stages[stage].tasks[stored.task].pieces
        for stage in shuffles
        if stage in state.stages
        for stored in state.stages[stage].stored
    }
    if not any(piece.blob in makers for piece in traced.pieces):
        return traced
    pieces: list[Output] = []
    parts: list[range] = []
    for piece in traced.pieces:
        made_of = makers.get(piece.blob)
        begin = len(pieces)
        pieces += [piece] if made_of is None else [one for one in made_of if one.label == piece.label]
        parts.append(range(begin, len(pieces)))
    read = tuple(number for whole in traced.read for number in parts[whole])
    taken = traced.taken
    if traced.order == "arrival":
        arriving = (number for number in read for _ in range(pieces[number].n_records))
        taken = tuple(
            one._replace(piece=number)
            for one, number in zip(taken, islice(arriving, traced.n_skipped, None), strict=False)
        )
    return replace(traced, pieces=tuple(pieces), read=read, taken=taken)
