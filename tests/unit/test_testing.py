"""`disco_sim.testing.run`: job functions in people's own tests."""

from __future__ import annotations

import pytest

from disco_sim import JobError, Params
from disco_sim.error import InputError, PurityError
from disco_sim.node.worker import masters
from disco_sim.testing import run


def length_map(line, params):
    """(line, its length), as the simplest of maps."""
    yield line, len(line)


def sum_reduce(pairs, params):
    """(key, sum of its values)."""
    for key, values in kvgroup(sorted(pairs)):
        yield key, sum(values)


def test_results_come_in_partition_order():
    """All results are there, those of partition 0 first."""
    found = run(length_map, sum_reduce, ["a", "bb", "a"], partitions=3, partition=lambda key, n, params: 3 - len(key))
    assert found == [("bb", 2), ("a", 2)]


def test_records_are_spread_over_several_tasks_in_order():
    """Functions are tested as they will run: the records are cut over four tasks, on more than one node."""

    def tell(record, params):
        yield record, (this_partition(), this_host())

    found = run(tell, records=range(8))
    assert [key for key, _ in found] == list(range(8))
    assert [task for _, (task, _) in found] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert {host for _, (_, host) in found} == {"node01", "node02"}


def test_records_may_be_any_iterable_and_none_at_all():
    """A generator will do, and a job without records has no results."""
    assert run(length_map, records=(word for word in ["a"])) == [("a", 1)]
    assert run(length_map) == []


@pytest.mark.parametrize("records", ["to be", b"to be"])
def test_one_text_is_no_list_of_records(records):
    """A text instead of a list of them is refused, rather than cut into its characters."""
    with pytest.raises(InputError, match=r"one after the other: \[b?'to be'\]"):
        run(length_map, records=records)


def test_job_parameters_are_passed_on():
    """Every job parameter can be given, `input` in place of the records too."""

    def times(line, params):
        yield line, params.factor

    assert run(times, input=["raw://a"], params=Params(factor=3), name="mine") == [("a", 3)]


def test_the_functions_own_error_is_the_cause():
    """A failing function is told as a JobError whose cause is what the function raised."""
    with pytest.raises(JobError) as caught:
        run(lambda line, params: [(line, int(line))], records=["a"])
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_variable_of_the_test_is_refused():
    """A function that would not work on another machine fails here, too."""
    factor = 3
    with pytest.raises(PurityError, match="closure over 'factor'"):
        run(lambda line, params: [(line, factor)], records=["a"])


def test_nothing_stays_open():
    """The cluster is closed afterwards, after a failure too."""
    before = set(masters)
    run(length_map, records=["a"])
    with pytest.raises(JobError):
        run(lambda line, params: 1 / 0, records=["a"])
    assert set(masters) == before
