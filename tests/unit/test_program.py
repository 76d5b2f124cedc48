"""Claims about how job functions travel, and about the namespace they find themselves in."""

from __future__ import annotations

import marshal
import pickle
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from disco_sim import Disco, DiscoError, JobError, func, result_iterator
from disco_sim.runtime.program import ModuleSource, Program, Shipment, is_installed


@pytest.fixture
def disco() -> Iterator[Disco]:
    """A cluster of one node."""
    with Disco(nodes=1) as one:
        yield one


def answer(disco: Disco, **parameters: Any) -> list[Any]:
    """The result of a job over two inputs of one record each."""
    job = disco.new_job("test", **{"input": ["raw://x", "raw://y"], **parameters})
    return list(result_iterator(job.wait()))


def loaded(keep_names: bool = False, **parameters: Any) -> dict[str, Any]:
    """The parameters as they come out at the other end."""
    shipment = Shipment(keep_names)
    for name, value in parameters.items():
        shipment.add(name, value)
    return Program({}, *shipment.packed()).load()


def counting(entry: str, params: Any, seen: list[str] = []) -> Any:  # noqa: B006
    """A map with a mutable default argument."""
    seen.append(entry)
    yield entry, len(seen)


def test_mutable_defaults_are_fresh_in_each_run(disco: Disco) -> None:
    """A mutable default argument is kept between calls of one run, and new in the next; the notebook's own stays."""
    job_input = ["raw://a\nb", "raw://c"]
    assert answer(disco, map=counting, input=job_input) == [("a", 1), ("b", 2), ("c", 1)]
    assert counting.__defaults__ == ([],)


def test_globals_are_shared_in_a_run_only(disco: Disco) -> None:
    """`global x` is shared between the job functions of one run, and does not reach the next run or the notebook."""

    def init(entries: Any, params: Any) -> None:
        global total_of_test
        total_of_test = 0

    def fun_map(entry: str, params: Any) -> Any:
        global total_of_test
        total_of_test += 1
        yield entry, total_of_test

    def without_init(entry: str, params: Any) -> Any:
        yield entry, total_of_test

    assert answer(disco, map=fun_map, map_init=init, input=["raw://a\nb", "raw://c"]) == [("a", 1), ("b", 2), ("c", 1)]
    assert "total_of_test" not in globals()
    with pytest.raises(JobError, match="name 'total_of_test' is not defined"):
        answer(disco, map=without_init)


def test_the_notebooks_namespace(disco: Disco) -> None:
    """With namespace='notebook' functions see the notebook's names, yet share what they set as before."""
    space: dict[str, Any] = {"step": 5}
    source = """
def init(entries, params):
    global total
    total = step
def fun_map(entry, params):
    global total
    total += step
    yield this_name()[:4], total
"""
    exec(source, space)
    with Disco(nodes=1, namespace="notebook") as lenient:
        got = answer(lenient, map=space["fun_map"], map_init=space["init"])
    assert got == [("test", 10), ("test", 10)]
    assert "total" not in space
    with pytest.raises(DiscoError, match="namespace='other' was given; namespace is one of 'worker', 'notebook'"):
        Disco(namespace="other")


def test_functions_come_out_as_they_went_in() -> None:
    """Names, defaults and keyword defaults travel; one function that is used twice is one function."""

    def inner(a: int, b: int = 2, *, c: int = 3) -> tuple[int, int, int]:
        return a, b, c

    def outer(a: int, call: Any = inner) -> Any:
        return call(a)

    out = loaded(first=inner, second=partial(inner, 5), third={"f": [outer]}, plain=[1, "a"])
    assert out["first"](1) == (1, 2, 3)
    assert out["first"] is not inner
    assert out["second"].func is out["first"]
    assert out["second"](7) == (5, 7, 3)
    assert out["third"]["f"][0](4) == (4, 2, 3)
    assert out["first"].__qualname__ == inner.__qualname__
    assert out["plain"] == [1, "a"]


def test_what_parameters_share_stays_shared() -> None:
    """An object that two parameters hold is one object at the other end too, but not the one that was sent."""
    shared = [1]
    out = loaded(one={"it": shared}, two=shared)
    assert out["one"]["it"] is out["two"]
    assert out["two"] is not shared


def test_constants_are_not_pickled() -> None:
    """What no run could change comes out as the same object; what holds anything that one could change does not."""
    text, mutable = "text" * 9, ([1],)
    shipment = Shipment()
    for name, value in {"text": text, "chain": (func.noop, (None, 1.5)), "mutable": mutable, "own": counting}.items():
        shipment.add(name, value)
    program = Program({}, *shipment.packed())
    first, second = program.load(), program.load()
    assert list(program.constants) == ["text", "chain"]
    assert first["text"] is text
    assert first["chain"] is second["chain"]
    assert first["mutable"] == mutable
    assert first["mutable"][0] is not second["mutable"][0]
    assert first["own"] is not second["own"]
    assert pickle.loads(program.pack) == ("text", text)


def test_installed_functions_travel_by_name() -> None:
    """Functions of the standard library and of disco_sim are the same objects at the other end."""
    out = loaded(one=func.chain_reader, two=marshal.dumps, three=partial)
    assert (out["one"], out["two"], out["three"]) == (func.chain_reader, marshal.dumps, partial)
    assert is_installed(func.sum_reduce)
    assert not is_installed(counting)


def test_shipped_functions_are_told_once() -> None:
    """Adding a parameter gives the functions that travel with it for the first time, those of defaults too."""

    def default() -> None:
        """A function that is a default argument."""

    def one(call: Any = default) -> None:
        """A function with a function as default."""

    shipment = Shipment()
    assert {function.__name__ for function in shipment.add("a", one)} == {"one", "default"}
    assert shipment.add("b", [one, func.noop]) == []


def test_what_cannot_travel_is_named() -> None:
    """A parameter, or a function's default argument, that pickle does not take is an error with its name."""

    def with_file(entry: str, params: Any, file: Any = sys.stderr) -> Any:
        """A function with a default that cannot travel."""

    for value in (sys.stderr, with_file, (n for n in range(3))):
        with pytest.raises(DiscoError, match=r"job parameter 'map' cannot be sent .*: make such objects inside"):
            Shipment().add("map", value)


def test_programs_can_be_pickled() -> None:
    """A program can go to another process, unless its functions keep their notebook's names."""
    for keep_names in (False, True):
        shipment = Shipment(keep_names)
        shipment.add("map", counting)
        program = Program({"map": "map"}, *shipment.packed())
        if keep_names:
            with pytest.raises(pickle.PicklingError, match="counting keeps its notebook's names"):
                pickle.dumps(program)
        else:
            copy = pickle.loads(pickle.dumps(program)).load()["map"]
            assert list(copy("a", None)) == [("a", 1)]


def test_shipped_modules_are_there_within_only() -> None:
    """A module that travels hides one of the same name while a task runs, and gives it back afterwards."""
    before = sys.modules.get("json")
    program = Program({}, (), Shipment().packed()[1], modules=(ModuleSource("json", "MINE = 1", "/json.py"),))
    with program.modules_present():
        assert sys.modules["json"].MINE == 1
        assert sys.modules["json"].__file__ == "/json.py"
    assert sys.modules.get("json") is before


def test_a_shipped_module_that_breaks(disco: Disco, tmp_path: Path) -> None:
    """A module that raises when it is imported ends the job with that error, and leaves nothing behind."""
    path = tmp_path / "breaks_of_test.py"
    path.write_text("1 / 0")
    with pytest.raises(JobError, match="ZeroDivisionError"):
        answer(disco, map=func.nop_map, required_modules=[("breaks_of_test", str(path))])
    assert "breaks_of_test" not in sys.modules
    assert answer(disco, map=lambda entry, params: [(entry, 1)]) == [("x", 1), ("y", 1)]
