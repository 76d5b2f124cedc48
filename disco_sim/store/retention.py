"""Data retention: what is kept of a job's data when it ends, and when it is cleaned or purged."""

from __future__ import annotations

from disco_sim.error import DiscoError
from disco_sim.model.plan import Output
from disco_sim.store.facts import JobFacts
from disco_sim.store.home import Home
from disco_sim.store.names import EPOCH_S, job_blob, short_name, stamp, stored_url, without_port
from disco_sim.store.oobtags import blob_of
from disco_sim.store.tags import StoredBlob


def save_results(home: Home, facts: JobFacts) -> None:
    """Save the results of a job as blobs of the file system under the job's `save_as` tag, if it has one."""
    plan, save_as = facts.request.plan, facts.request.save_as
    if save_as is not None and plan:
        urls = [[_save(home, facts, piece)] for piece in facts.pieces(plan[-1].name)]
        home.tags.tag(save_as, urls, time_s=facts.ended_s)


def drop_intermediates(home: Home, facts: JobFacts) -> bool:
    """Drop the outputs of all stages but the last; return whether there were such stages."""
    between = [stage.name for stage in facts.request.plan[:-1]]
    for stage in between:
        for piece in facts.pieces(stage):
            home.blobs.drop(piece.blob)
    home.jobs.drop_data(facts.name, between)
    return bool(between)


def forget_job(home: Home, job: str, with_data: bool, now: bool = True) -> None:
    """Drop the record of an ended job and, `with_data`, all data it stored: now, or at the next garbage collection.

    Data that a tag refers to is kept and then belongs to the file system, as do saved results.

    Raises:
        DiscoError: If the job is active.
    """
    if job not in home.jobs:
        return
    facts = home.jobs[job]
    if facts.status == "active":
        raise DiscoError(
            f"job {job!r} is still active, and only the record of an ended job can be dropped; a kill asked for "
            "while the cluster moves is taken a little later: clean or purge the job after that",
            job=job,
        )
    if not (with_data and now):
        home.jobs.forget(job, is_garbage=with_data)
        return
    kept, stages = _hand_over(home, facts)
    for stage in facts.done:
        for piece in facts.pieces(stage):
            if piece.blob not in kept:
                home.blobs.drop(piece.blob)
    home.oob.forget(job)
    if stages:
        home.jobs.keep_results(job, stages)
    else:
        home.jobs.remove(job)


def _save(home: Home, facts: JobFacts, piece: Output) -> str:
    """Save an output as a blob of the file system, on the same node; return its URL."""
    blob = home.blobs.get(piece.blob)
    name = short_name(job_blob(facts.name, piece.blob))
    stamped = stamp(EPOCH_S + facts.ended_s, home.tags.next_serial())
    url = stored_url(piece.host, facts.port, "blob", name, stamped)
    home.blobs.put(url, blob)
    home.tags.remember(StoredBlob(blob.n_bytes, facts.ended_s, (url,), (piece.host,)))
    return url


def _hand_over(home: Home, facts: JobFacts) -> tuple[set[str], list[str]]:
    """Hand the data of a job that a tag refers to over to the file system.

    Returns the URLs of the data, and the stages whose results the tag refers to.
    """
    job = facts.name
    tagged = set(map(without_port, home.tags.referenced()))
    results = [url.rpartition("/")[2] for url in tagged if url.startswith("dir://") and f"/{job}/" in url]
    kept: set[str] = set()
    stages: list[str] = []
    for stage, done in facts.done.items():
        # A result's URL names its stage first, in whichever form it is written.
        is_tagged = any(name.startswith(f"{stage}-") for name in results)
        stages += [stage] * is_tagged
        for found in done.values():
            for output in found.outputs:
                if (is_tagged or without_port(output.blob) in tagged) and output.blob in home.blobs:
                    kept.add(output.blob)
                    _remember(home, facts, output.blob, output.host)
    for entry in home.oob.committed(job).values():
        url = home.oob_tags.url(entry)
        if without_port(url) in tagged:
            home.blobs.put(url, blob_of(entry))
            _remember(home, facts, url, entry.host)
    return kept, stages


def _remember(home: Home, facts: JobFacts, url: str, host: str) -> None:
    home.tags.remember(StoredBlob(home.blobs.get(url).n_bytes, facts.ended_s, (url,), (host,)))
