"""The shuffle of a node: pieces of a label become one, in order."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim import Disco, result_iterator
from disco_sim.model.work import Blob
from disco_sim.runtime.joining import joined

PAIRS = st.lists(st.tuples(st.text(max_size=3), st.integers()), max_size=5)


def blob_of(pairs: list, is_pickled: bool) -> Blob:
    if is_pickled:
        return Blob("pickled", pickle.dumps(pairs), len(pairs), 8 * len(pairs))
    return Blob.of_pairs(pairs, 8 * len(pairs))


@given(st.lists(st.tuples(PAIRS, st.booleans()), min_size=1, max_size=5))
def test_pairs_stay_in_order(pieces: list) -> None:
    """All pairs are there, piece after piece, whether they are kept as they are or pickled; sizes add up."""
    one = joined([blob_of(pairs, is_pickled) for pairs, is_pickled in pieces])
    everything = [pair for pairs, _ in pieces for pair in pairs]
    assert one.pairs() == everything
    assert (one.n_records, one.n_bytes) == (len(everything), 8 * len(everything))


def test_bytes_are_joined_end_to_end() -> None:
    """Files are put one behind the other."""
    assert joined([Blob("bytes", b"ab", 1, 2), Blob("bytes", b"c", 1, 1)]) == Blob("bytes", b"abc", 2, 3)


def test_a_shuffle_changes_no_piece() -> None:
    """What the map tasks stored is still there afterwards, as it was."""
    piece = Blob.of_pairs([("a", 1)], 9)
    joined([piece, Blob.of_pairs([("b", 1)], 9)])
    assert piece.pairs() == [("a", 1)]


@pytest.mark.parametrize("value", [1, [1, 2], {"a": {1}}])
def test_shuffled_jobs_give_what_others_give(value: object) -> None:
    """A job with map_shuffle has the answer of one without, for values of all kinds."""
    answers = []
    for shuffle in (None, True):
        with Disco(nodes=2) as disco:
            job = disco.new_job(
                name="x",
                input=[f"raw://{letter}" for letter in "abcabc"],
                map=lambda entry, params: [(entry, params[0])],
                params=[value],
                partitions=2,
                reduce=lambda pairs, params: pairs,
                sort=True,
                map_shuffle=shuffle,
            )
            answers.append(list(result_iterator(job.wait())))
    assert answers[0] == answers[1]


def test_a_shuffle_whose_input_is_lost_is_made_again() -> None:
    """When a node dies after its map tasks, they run again, and the shuffle joins what they store then."""
    from disco_sim import Faults

    with Disco(nodes=2, faults=Faults().kill("node02", at=0.7)) as disco:
        job = disco.new_job(
            name="x",
            input=[f"raw://{letter}" for letter in "abcdef"],
            map=lambda entry, params: [(entry, 1)],
            reduce=lambda pairs, params: pairs,
            sort=True,
            map_shuffle=True,
        )
        assert list(result_iterator(job.wait())) == [(letter, 1) for letter in "abcdef"]
        assert (job.tasks.status != "done").any()
