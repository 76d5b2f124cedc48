"""The shuffle role of a task: what one node holds of each label, one piece behind the other."""

from __future__ import annotations

import pickle
from itertools import chain

from disco_sim.error import DataError
from disco_sim.model.work import Blob, Read, TaskWork
from disco_sim.runtime.context import TaskContext


def run_shuffle(work: TaskWork, context: TaskContext) -> list[tuple[int, Blob]]:
    """The (label, blob) of each label in the input, its pieces in the order in which they come; no function is called.

    Pieces of bytes are joined end to end, as Disco's file format allows.
    """
    by_label: dict[int, list[Blob]] = {}
    n_records = 0
    for number, piece in enumerate(work.inputs):
        for bad, _, what in work.bad:
            if bad == number:
                raise DataError(f"Unable to access resource: {what}", piece.blob)
        blob = work.store.blob(piece.blob)
        context.read.append(Read(number, 0, blob.n_bytes))
        by_label.setdefault(piece.label, []).append(blob)
        n_records += blob.n_records
    context.note(n_records, None)
    context.message("DONE", f"Shuffled {len(work.inputs)} inputs into {len(by_label)} label(s)")
    return [(label, joined(blobs)) for label, blobs in sorted(by_label.items())]


def joined(blobs: list[Blob]) -> Blob:
    """One blob with what several blobs hold, in their order.

    >>> list(joined([Blob.of_pairs([("a", 1)], 9), Blob.of_pairs([("b", 2)], 9)]).records())
    [('a', 1), ('b', 2)]
    """
    if len(blobs) == 1:
        return blobs[0]
    n_records = sum(blob.n_records for blob in blobs)
    n_bytes = sum(blob.n_bytes for blob in blobs)
    forms = {blob.form for blob in blobs}
    if forms == {"bytes"}:
        return Blob("bytes", b"".join(blob.data for blob in blobs), n_records, n_bytes)
    if forms == {"columns"}:
        return Blob("columns", tuple(chain.from_iterable(blob.data for blob in blobs)), n_records, n_bytes)
    pairs = list(chain.from_iterable(blob.records() for blob in blobs))
    return Blob("pickled", pickle.dumps(pairs, pickle.HIGHEST_PROTOCOL), n_records, n_bytes)
