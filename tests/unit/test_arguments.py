"""Claims about arguments that are refused when a job is submitted, each with what, the rule, and what to do."""

from __future__ import annotations

import csv
import functools
import operator
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from disco_sim import Disco, DiscoError, Job, Params, result_iterator
from disco_sim.client.arguments import defaults, resolve
from disco_sim.error import PurityError
from disco_sim.func import nop_map


@pytest.fixture
def disco() -> Iterator[Disco]:
    """A cluster that has to stay usable, whatever a test does to it."""
    with Disco(nodes=2) as one:
        yield one
        job = one.new_job("after", input=["raw://x"], map=lambda entry, params: [(entry, 1)])
        assert list(result_iterator(job.wait())) == [("x", 1)]
        assert [name.partition("@")[0] for _, _, name in one.joblist()].count("refused") == 0


@pytest.mark.parametrize(
    ("argument", "nearest"),
    [
        ("fun_map", "map"),
        ("reducer", "reduce"),
        ("inputs", "input"),
        ("mapreader", "map_reader"),
        ("partion", "partition"),
    ],
)
def test_unknown_arguments(disco: Disco, argument: str, nearest: str) -> None:
    """An unknown argument is refused with the nearest one that there is, and all of them."""
    with pytest.raises(DiscoError, match=f"Unknown job argument: '{argument}'") as caught:
        disco.new_job("refused", input=["raw://x"], map=nop_map, **{argument: 1})
    assert caught.value.argument == argument
    hint, _, rest = str(caught.value).partition("The arguments are: ")
    assert f"did you mean '{nearest}'?" in hint
    assert rest == ", ".join(sorted(defaults()))


def test_an_unknown_argument_that_is_near_nothing(disco: Disco) -> None:
    """When nothing is near, nothing is guessed."""
    with pytest.raises(DiscoError, match=r"'xyzzy'; The arguments are"):
        disco.new_job("refused", xyzzy=1)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"map": lambda entry: []},
            r"map function <lambda>\(entry\) .* called with 2 arguments: .* map\(entry, params\)",
        ),
        ({"map": lambda entry, params, more: []}, r"called with 2 arguments"),
        ({"map": lambda entry, params, *, more: []}, r"called with 2 arguments"),
        ({"map": functools.partial(lambda a, entry: [], 1)}, r"map function <lambda>\(entry\) .* called with 2"),
        ({"reduce": lambda pairs: []}, r"called with 2 or 3 arguments: .* or reduce\(iter, out, params\)"),
        ({"reduce": lambda a, b, c, d: []}, r"called with 2 or 3 arguments"),
        ({"map_init": lambda entries: None}, r"map_init\(input_iter, params\)"),
        ({"reduce_init": lambda entries: None}, r"reduce_init\(input_iter, params\)"),
        ({"map_reader": lambda fd, size: []}, r"called with 3 or 4 .* map_reader\(fd, size, url, params\)"),
        ({"reduce_reader": lambda fd: []}, r"called with 3 or 4 .* reduce_reader\(fd, size, url, params\)"),
        ({"combiner": lambda key, value, buffer, done: None}, r"combiner\(key, value, buffer, done, params\)"),
        ({"partition": lambda key, n: 0}, r"partition\(key, nr_partitions, params\)"),
        ({"map_writer": lambda fd, key, value: None}, r"map_writer\(fd, key, value, params\)"),
        ({"map_input_stream": [lambda stream: stream]}, r"called with 4 .* stream\(stream, size, url, params\)"),
        ({"reduce_output_stream": [lambda stream: stream]}, r"stream\(stream, partition, url, params\)"),
        ({"map_output_stream": []}, r"map_output_stream is empty; it is a list of stream functions"),
        (
            {"map": "fun_map"},
            r"map='fun_map' was given, which cannot be called; map is a function map\(entry, params\)",
        ),
        ({"map_reader": csv.reader}, r"Cannot tell how many arguments .* wrap it in a def"),
    ],
)
@pytest.mark.filterwarnings("ignore:map_writer:DeprecationWarning")
def test_functions_with_a_wrong_number_of_arguments(disco: Disco, parameters: Any, message: str) -> None:
    """A function that cannot be called as Disco calls it is refused, with its signature and the right form."""
    with pytest.raises(DiscoError, match=message):
        disco.new_job("refused", **{"input": ["raw://x"], "map": nop_map, **parameters})


def test_a_method_is_told_to_be_static(disco: Disco) -> None:
    """A job function that begins with self is told how it becomes a function."""

    class Own(Job):
        def map(self, line: str, params: Any) -> Any: ...

    with pytest.raises(DiscoError, match=r"map\(entry, params\), under @staticmethod in a class"):
        Own(disco, name="refused").run(input=["raw://x"])


def test_a_called_function_is_shown_without_its_address(disco: Disco) -> None:
    """map=fun_map(...) instead of map=fun_map is refused, in words that are the same every time."""
    with pytest.raises(DiscoError, match=r"map=<generator object .*<genexpr>> was given, which cannot be called"):
        disco.new_job("refused", input=["raw://x"], map=(word for word in "ab"))


@pytest.mark.parametrize(
    ("given", "told"), [("3", ": partitions=3"), (-2, ": partitions=2"), (2.0, ": partitions=2"), ("x", "")]
)
def test_a_number_of_partitions_that_is_none(disco: Disco, given: Any, told: str) -> None:
    """What is no whole number is refused, and the number that was probably meant is named."""
    with pytest.raises(DiscoError, match=f"partitions is a whole number, 0 or None for none.*{told}$"):
        disco.new_job("refused", input=["raw://x"], map=nop_map, partitions=given)


def test_builtins_and_library_functions_are_fine(disco: Disco) -> None:
    """Functions of the standard library can be job functions, also those that do not tell what they take."""
    job = disco.new_job("test", input=["raw://abc"], map=operator.mul, params=0, map_reader=lambda fd, size, url: [()])
    assert list(result_iterator(job.wait())) == []
    job = disco.new_job("test", input=["raw://abc"], map=zip, params="z", map_reader=lambda fd, size, url: ["a"])
    assert list(result_iterator(job.wait())) == [("a", "z")]


def test_one_stream_function_needs_no_list(disco: Disco) -> None:
    """A chain of one may be given as the function itself."""

    def stream(stream: Any, size: Any, url: str, params: Any) -> Any:
        return [url]

    job = disco.new_job("test", input=["raw://x"], map=lambda entry, params: [(entry, 1)], map_input_stream=stream)
    assert list(result_iterator(job.wait())) == [("raw://x", 1)]


@pytest.mark.parametrize("name", ["", "a.b", "a/b", "two words", "a@b", "wörter", "x" * 201, None, 5, b"a"])
def test_names(disco: Disco, name: Any) -> None:
    """A name is what can be part of a URL and of a tag."""
    with pytest.raises(DiscoError, match=r"has an invalid prefix; .* name='wordcount'") as caught:
        disco.new_job(name, input=["raw://x"], map=nop_map)
    assert caught.value.name == name


def test_attributes_that_are_no_parameters(disco: Disco) -> None:
    """A Job class may have other attributes than parameters; an argument of run that is none is refused."""

    class Own(Job):
        note = "mine"
        map = staticmethod(nop_map)

    assert "note" not in Own(disco, name="own").run(input=[]).jobspec()
    with pytest.raises(DiscoError, match="Unknown job argument: 'note'"):
        Own(disco, name="refused").run(note=1)


def test_a_method_of_a_job_class(disco: Disco) -> None:
    """A map of a Job class that forgot @staticmethod has an argument too many."""

    class Own(Job):
        def map(self, line: str, params: Any) -> Any:
            return []

    with pytest.raises(DiscoError, match=r"map\(self, line: .* called with 2 arguments"):
        Own(disco, name="refused").run(input=["raw://x"])


def test_what_is_called_must_travel(disco: Disco) -> None:
    """Methods, classes and callable objects of the notebook are refused: only functions travel as code."""

    class Mapper:
        def __call__(self, entry: str, params: Any) -> Any:
            yield entry, 1

        def method(self, entry: str, params: Any) -> Any:
            yield entry, 1

    class Pairs(list[Any]):
        def __init__(self, entry: str, params: Any) -> None:
            super().__init__([(entry, 1)])

    cached = functools.lru_cache(_cached)
    for wrong, kind in (
        (Mapper(), "'Mapper', a callable object"),
        (Mapper().method, "'method', a method"),
        (functools.partial(Mapper().method), "'method', a method"),
        (Pairs, "'Pairs', a class"),
        (cached, "'_cached', a callable object"),
    ):
        with pytest.raises(PurityError, match=f"map is {kind} of the notebook; .* Ways out: a function"):
            disco.new_job("refused", input=["raw://x"], map=wrong)
    with pytest.raises(PurityError, match="map_input_stream is 'bound', a method"):
        disco.new_job("refused", input=["raw://x"], map=nop_map, map_input_stream=[Streams().bound])


class Streams:
    """A class with a stream function that is a method."""

    def bound(self, stream: Any, size: Any, url: str, params: Any) -> Any:
        """Nothing that is ever called."""


def _cached(entry: str, params: Any) -> Any:
    return [(entry, 1)]


def test_params_show_what_travels() -> None:
    """Params shows the names and values that travel, and survives pickling without the others."""
    params = Params(b=1, a=2, _own=3)
    assert repr(params) == "Params(a=2, b=1)"
    assert vars(pickle.loads(pickle.dumps(params))) == {"b": 1, "a": 2}


def test_an_argument_wins_over_an_attribute_and_that_over_the_default() -> None:
    """Parameters are looked up in the call, then in the job's attributes, then in the defaults."""
    spec = resolve("test", {"partitions": 3}, {"partitions": 2, "sort": True, "other": 1})
    assert (spec.partitions, spec.sort, spec.status_interval) == (3, True, 100000)
