"""Claims about URLs of results in the form of Disco 0.5.4, and the way back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim import Disco, result_iterator
from disco_sim.client.urls import index_of
from disco_sim.compat.dialect import V05
from disco_sim.compat.disco import core, util
from disco_sim.compat.urls import observed, observed_all
from disco_sim.error import CommError, DataError
from disco_sim.store.jobs import MemoryJobs


@pytest.fixture
def disco() -> Iterator[Disco]:
    """Two nodes that speak V05, on a port of their own."""
    with Disco("disco://localhost:8993", nodes=2, dialect=V05) as one:
        yield one


def pairs(line: Any, params: Any) -> Any:
    """A map function."""
    yield line, 1


def total(it: Any, params: Any) -> Any:
    """A reduce function."""
    for key, ones in kvgroup(sorted(it)):  # type: ignore[name-defined]
        yield key, sum(ones)


def job_on(disco: Disco, **parameters: Any) -> Any:
    """A finished job with two maps, a shuffle on each node, and a reduce for each label."""
    job = disco.new_job("two", input=["raw://a", "raw://b"], map=pairs, reduce=total, partitions=3, **parameters)
    job.wait()
    return job


def test_tasks_are_counted_through_the_whole_job(disco: Disco) -> None:
    """The number in an observed URL is that of the task in the job, and the time that of its end, in microseconds."""
    job = job_on(disco)
    urls = disco.cluster.jobs.facts(job.name).results()
    n_before = len(job.tasks[job.tasks.stage != "reduce"])
    told = [
        re.fullmatch(r"(.*)/\.disco/reduce-(\d+)-(\d+)\.results", url) for url in observed_all(urls, disco.cluster.jobs)
    ]
    assert [found and int(found[2]) for found in told] == [n_before + number for number in range(len(urls))]
    reduces = job.tasks[job.tasks.stage == "reduce"]
    ends, host = reduces.end_s.tolist(), reduces.host.tolist()[0]
    assert [found and int(found[3]) for found in told] == [1283299200 * 10**6 + round(end * 10**6) for end in ends]
    assert told[0] and told[0][1].startswith(f"dir://{host}:8993/disco/{host}/")


def test_the_port_of_disco_is_left_out() -> None:
    """Where the master's port is 8989 a host has none, and a URL without port is of the Disco on 8989."""
    with Disco("disco://localhost:8989", nodes=1, dialect=V05) as disco:
        job = job_on(disco)
        (url, *_) = disco.cluster.jobs.facts(job.name).results()
        assert observed(url, disco.cluster.jobs).startswith("dir://node01/disco/node01/")
        assert index_of(observed(url, disco.cluster.jobs)) == index_of(url)


def test_there_and_back(disco: Disco) -> None:
    """Every result of every stage has one observed URL, behind which the same data are."""
    job = job_on(disco)
    for stage in ("map", "map_shuffle", "reduce"):
        urls = disco.cluster.jobs.facts(job.name).results(stage)
        told = observed_all(urls, disco.cluster.jobs)
        assert len(set(told)) == len(urls)
        behind = [index_of(url, disco.cluster) for url in urls]
        assert [index_of(url, disco.cluster) for url in told] == [index_of(url) for url in told] == behind


def test_everything_that_reads_results_reads_both(disco: Disco) -> None:
    """result_iterator, inputs, lists of replicas and tags take observed URLs."""
    job = job_on(disco)
    urls = observed_all(disco.cluster.jobs.facts(job.name).results(), disco.cluster.jobs)
    expected = [("a", 1), ("b", 1)]
    assert sorted(result_iterator(urls)) == sorted(result_iterator([[url] for url in urls])) == expected
    assert sorted(result_iterator([["dir://node01:8993/disco/node01/00/x/.disco/a-0-1.results", urls[0]]])) != []
    disco.ddfs.tag("results", [[url] for url in urls])
    for given_input in (urls, [[url] for url in urls], ["tag://results"]):
        again = disco.new_job("again", input=given_input, reduce=total)
        assert sorted(result_iterator(again.wait())) == expected
    assert sorted(result_iterator(["tag://results"])) == expected


def test_a_record_is_not_needed(disco: Disco) -> None:
    """Results of a job whose record was cleaned are found; those of one that was purged are gone, and that is said."""
    job = job_on(disco)
    urls = observed_all(disco.cluster.jobs.facts(job.name).results(), disco.cluster.jobs)
    disco.clean(job.name)
    assert sorted(result_iterator(urls)) == [("a", 1), ("b", 1)]
    disco.purge(job.name)
    with pytest.raises(CommError, match="no such result"):
        list(result_iterator(urls))


def test_what_never_was_is_said(disco: Disco) -> None:
    """A task that a job never had, and a port that nobody has, are errors that name the URL."""
    job_on(disco)
    with pytest.raises(CommError, match="no such result") as caught:
        index_of("dir://node01:8993/disco/node01/00/none@1:2:3/.disco/map-0-1.results")
    assert caught.value.code == 404
    with pytest.raises(CommError, match="no open Disco has it"):
        index_of("dir://node01:9123/disco/node01/00/none@1:2:3/.disco/map-0-1.results")


@given(
    st.one_of(st.text(), st.sampled_from(["raw://a", "tag://x", "dir://node01:8989/disco/n/8a/J@1:2:3/map-0.index"]))
)
def test_other_urls_stay(url: str) -> None:
    """What is no result of a job that is there is told as it is."""
    assert observed(url, MemoryJobs()) == url


def test_numbers_are_known_of_a_job_that_goes_on(disco: Disco) -> None:
    """What was asked for while a job was at its maps is right once it is ready."""
    job = disco.new_job("two", input=["raw://a", "raw://b"], map=pairs, reduce=total, partitions=3)
    while not disco.cluster.jobs.facts(job.name).finished:
        disco.step()
    early = observed_all(disco.cluster.jobs.facts(job.name).results("map"), disco.cluster.jobs)
    urls = job.wait()
    assert observed_all(disco.cluster.jobs.facts(job.name).results("map"), disco.cluster.jobs) == early
    assert [index_of(url) for url in observed_all(urls, disco.cluster.jobs)] == [index_of(url) for url in urls]


@pytest.fixture
def home() -> Iterator[core.Disco]:
    """A connection to a Disco at the usual port."""
    with Disco("disco://localhost:8989", nodes=1, dialect=V05) as one:
        yield core.Disco(one)


def test_the_face_tells_no_other_urls(home: core.Disco) -> None:
    """Helpers and notifiers get data's URLs without the usual port, which open, are inputs, and may be replicas."""
    urls = [url for (url,) in core.Job("two", home).run(input=["raw://a", "raw://b"], map=pairs).wait()]
    seen: list[Any] = []
    records = sorted(core.result_iterator([urls], notifier=seen.append))
    told = [*seen, *util.parse_dir(urls[0]), *util.inputlist(urls), *(one for (one,) in util.deref(urls))]
    told += [url for _, url, _ in util.read_index(urls[0])]
    assert len(told) == 5
    assert set(told) == {told[0]}
    assert re.fullmatch(r"disco://node01/disco/node01/../two@[^/]+/map_shuffle-0-0", told[0])
    assert sorted(core.result_iterator(told[:1])) == records == [("a", 1), ("b", 1)]
    core.result_iterator([[told[0], "disco://node01/disco/none"]], notifier=seen.append).__next__()
    assert seen[1:] == [[told[0], "disco://node01/disco/none"]]
    for given_input in ([told[0]], [[told[0]]], [["disco://node01/disco/none", told[0]]]):
        again = core.Job("again", home).run(input=given_input, reduce=total)
        assert sorted(core.result_iterator(again.wait())) == records


def test_a_documented_disco_tells_its_own_urls() -> None:
    """Where results have their native URLs, so have notifiers."""
    with Disco("disco://localhost:8989", nodes=1) as disco:
        job = disco.new_job("two", input=["raw://a"], map=pairs)
        seen: list[Any] = []
        list(core.result_iterator(job.wait(), notifier=seen.append))
        assert seen == [url.replace("dir://", "disco://").replace(".index", "-0") for url in job.results()[1]]


def test_errors_name_what_was_given(home: core.Disco) -> None:
    """What is gone is told by the URL that the user wrote."""
    job = core.Job("two", home).run(input=["raw://a"], map=pairs)
    (url,) = (one for (one,) in job.wait())
    (data,) = util.parse_dir(url)
    home.native.purge(job.name)
    for read in (lambda: list(core.result_iterator([url])), lambda: util.parse_dir(url)):
        with pytest.raises(CommError, match="no such result") as caught:
            read()
        assert caught.value.url == url
    with pytest.raises(DataError, match="purged with its job") as gone:
        list(core.result_iterator([data]))
    assert gone.value.url == data
    home.native.close()
    with pytest.raises(CommError, match="no open Disco has it") as closed:
        util.parse_dir(url)
    assert closed.value.url == url
