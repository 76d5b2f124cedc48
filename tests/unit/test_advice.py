"""Claims about what a JobError advises for failures that many people of old code meet."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from disco_sim import Disco
from disco_sim.client.advice import job_functions
from disco_sim.compat.dialect import V05
from disco_sim.error import JobError
from disco_sim.func import map_line_reader
from disco_sim.pipeline import Stage

LIMIT = 3


@pytest.fixture
def disco() -> Iterator[Disco]:
    """One node that speaks V05, and does not try again."""
    with Disco("disco://localhost:8992", nodes=1, dialect=V05, max_failures=0) as one:
        yield one


def error_of(disco: Disco, **parameters: Any) -> JobError:
    """What a job that dies says."""
    with pytest.raises(JobError) as caught:
        disco.new_job("dies", **parameters).wait()
    assert f"What to do: {caught.value.advice}" in str(caught.value)
    return caught.value


def limited(line: Any, params: Any) -> Any:
    """A map function that needs a name of this module."""
    yield line, LIMIT


def misspelt(line: Any, params: Any) -> Any:
    """A map function that uses what nobody has defined."""
    yield line, unheard_of  # type: ignore[name-defined]


def words(line: Any, params: Any) -> Any:
    """A map function for text."""
    for word in line.split(" "):
        yield word, 1


def keeps(line: Any, params: Any) -> Any:
    """A map function that puts text."""
    put("a", "text")  # type: ignore[name-defined]
    yield line, 1


def test_names_of_the_script(disco: Disco) -> None:
    """A name that the function's module has is said to be there, but not in the worker; of others nothing is known."""
    for given in (limited, partial(limited)):
        advice = error_of(disco, input=["raw://a"], map=given).advice
        assert advice.startswith("'LIMIT' is defined in your script, but a worker gets the function's code alone")
    assert error_of(disco, input=["raw://a"], map=misspelt).advice.startswith("job.story(")


def test_names_are_refused_before_where_they_are_checked() -> None:
    """In the documented dialect a function that gets as far has another story: no advice about scripts."""
    with Disco("disco://localhost:8992", nodes=1) as disco:
        assert error_of(disco, input=["raw://a"], map=misspelt).advice.startswith("job.story(")


@pytest.mark.parametrize(("name", "instead"), [("put", "active_task.put"), ("this_name", "active_task.jobname")])
def test_names_of_the_classic_worker_in_stages(disco: Disco, name: str, instead: str) -> None:
    """Stages have no bare put() or this_name(): what they have instead is named, and is there."""
    bare: dict[str, Any] = {}
    exec(f"def process(interface, state, label, inp):\n    {name}\n", bare)
    pipeline = [("split", Stage("only", process=bare["process"]))]
    assert (
        f"do not see {name!r}: write worker.{instead};" in error_of(disco, input=["raw://a"], pipeline=pipeline).advice
    )
    exec(f"def process(interface, state, label, inp):\n    worker.{instead}\n", bare)
    pipeline = [("split", Stage("only", process=bare["process"]))]
    disco.new_job("lives", input=["raw://a"], pipeline=pipeline).wait()


def test_closures_are_named(disco: Disco) -> None:
    """What Python says of a function without its cells names no function; the advice does."""
    n_times = 2

    def times(line: Any, params: Any) -> Any:
        yield line, n_times

    error = error_of(disco, input=["raw://a"], map=times)
    assert error.reason == "TypeError: arg 5 (closure) must be tuple"
    assert ".times' is a closure over 'n_times'" in error.advice
    assert "functools.partial" in error.advice


def test_lines_are_bytes(disco: Disco, tmp_path: Path) -> None:
    """Text and bytes mixed up over a line of a file: what it is, and three ways out, one of which works here."""
    (tmp_path / "lines").write_text("a b\n")
    path = str(tmp_path / "lines")
    assert "lines of files are bytes in Disco 0.5" in error_of(disco, input=[path], map=words).advice
    disco.new_job("lives", input=[path], map=words, map_reader=map_line_reader).wait()
    assert "lines of files" not in error_of(disco, input=[path], map=keeps).advice


def test_files_are_in_lib(disco: Disco) -> None:
    """Where required files come to lie is said as the dialect has it."""

    def opens(line: Any, params: Any) -> Any:
        with open("table.txt") as file:
            yield line, file.read()

    advice = error_of(disco, input=["raw://a"], map=opens).advice
    assert "required_files=['table.txt'] puts it at 'lib/table.txt'" in advice


def test_the_functions_of_a_job(disco: Disco) -> None:
    """Functions are found in partials, lists and stages."""
    job = disco.new_job("one", input=["raw://a"], map=partial(limited), reduce=keeps)
    functions = job_functions(disco._submissions.spec(job.name))
    assert {limited, keeps} <= set(functions)
    stages = disco.new_job("two", input=["raw://a"], pipeline=[("split", Stage("only", done=limited))])
    assert limited in job_functions(disco._submissions.spec(stages.name))
