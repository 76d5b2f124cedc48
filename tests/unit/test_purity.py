"""Claims about what job functions may use: a worker on another machine has no notebook."""

from __future__ import annotations

import ast
import json as j
import math
import random
import types
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from disco_sim import Disco, JobError, Params, result_iterator
from disco_sim.client.purity import global_names
from disco_sim.error import ModUtilImportError, PurityError

FACTOR = 10


def helper(word: str) -> str:
    """A function beside the job functions, as people write them."""
    return word.upper()


class Word(str):
    """A class beside the job functions."""


@pytest.fixture
def disco() -> Iterator[Disco]:
    """A cluster with workers, that has to stay usable."""
    with Disco(nodes=2) as one:
        yield one
        assert answer(one, lambda entry, params: [(entry, 1)]) == [("x", 1)]


def answer(disco: Disco, function: Any, **parameters: Any) -> list[Any]:
    """The result of a job with this map and the input x."""
    parameters = {"input": ["raw://x"], **parameters}
    return list(result_iterator(disco.new_job("test", map=function, **parameters).wait()))


def cell(source: str, **names: Any) -> Any:
    """The function that a notebook cell defines last, with `names` in the notebook."""
    tree = ast.parse(source)
    space = dict(names)
    exec(compile(tree, "cell", "exec"), space)
    last = tree.body[-1]
    assert isinstance(last, ast.FunctionDef)
    return space[last.name]


def uses_factor(entry: str, params: Any) -> Any:
    """A map that uses a global."""
    text = entry * 2
    yield text, FACTOR


def test_a_global_is_refused_with_place_and_ways_out(disco: Disco) -> None:
    """A global of the notebook is refused at submit: function, name and line are said, and what to do."""
    with pytest.raises(PurityError) as caught:
        answer(disco, uses_factor)
    error = caught.value
    line = uses_factor.__code__.co_firstlineno + 3
    assert (error.function, error.name, error.line) == ("uses_factor", "FACTOR", line)
    message = str(error)
    assert f"map function 'uses_factor' uses 'FACTOR' in line {line}, a value of type int of the notebook" in message
    for way in ("inside the function", "Params(FACTOR=FACTOR)", "required_modules", 'Disco(namespace="notebook")'):
        assert way in message


def test_the_ways_out_work(disco: Disco, tmp_path: Path) -> None:
    """Defining it inside, Params, a module, and the notebook's namespace: each of the ways out is one."""

    def inside(entry: str, params: Any) -> Any:
        factor = 10
        yield entry, factor

    def by_params(entry: str, params: Any) -> Any:
        yield params.helper(entry), params.FACTOR

    path = tmp_path / "constants_of_test.py"
    path.write_text("FACTOR = 10")
    by_module = cell("def f(entry, params):\n    yield entry, constants_of_test.FACTOR")
    assert answer(disco, inside) == [("x", 10)]
    assert answer(disco, by_params, params=Params(helper=helper, FACTOR=FACTOR)) == [("X", 10)]
    assert answer(disco, by_module, required_modules=[("constants_of_test", str(path))]) == [("x", 10)]
    with Disco(namespace="notebook") as lenient:
        assert answer(lenient, uses_factor) == [("xx", 10)]


@pytest.mark.parametrize(
    ("function", "name", "kind"),
    [
        (lambda entry, params: [(helper(entry), 1)], "helper", "a function"),
        (lambda entry, params: [(Word(entry), 1)], "Word", "a class"),
        (lambda entry, params: [(word, FACTOR) for word in entry], "FACTOR", "a value of type int"),
        (lambda entry, params: filter(lambda word: [FACTOR for _ in word], entry), "FACTOR", "a value"),
        (partial(lambda n, entry, params: [(helper(entry), n)], 1), "helper", "a function"),
        (lambda entry, params, by=lambda word: helper(word): [(by(entry), 1)], "helper", "a function"),
    ],
)
def test_globals_are_found_everywhere(disco: Disco, function: Any, name: str, kind: str) -> None:
    """In comprehensions, nested functions, partials and default arguments globals are found too."""
    with pytest.raises(PurityError, match=f"uses '{name}' in line .*, {kind}") as caught:
        answer(disco, function)
    assert caught.value.name == name


def test_what_is_of_an_installed_module_is_told_how_to_import(disco: Disco) -> None:
    """For a name that the notebook imported, the way out is that import, inside the function."""
    counts = cell("def counts(entry, params):\n    return Counter(entry).items()", Counter=Counter)
    with pytest.raises(PurityError, match=r"a class .*: write 'from collections import Counter' inside the function"):
        answer(disco, counts)
    root = cell("def root(entry, params):\n    return [(root_of(2), 1)]", root_of=math.sqrt)
    with pytest.raises(PurityError, match=r"a function .*: write 'from math import sqrt as root_of' inside"):
        answer(disco, root)


@pytest.mark.parametrize(
    "argument", ["reduce", "map_reader", "map_init", "combiner", "partition", "map_input_stream", "params"]
)
def test_all_functions_are_checked(disco: Disco, argument: str) -> None:
    """Every parameter that holds functions is checked, and named; also deep within params."""

    def wrong(*arguments: Any) -> Any:
        return FACTOR

    value: Any = Params(table=[{"f": [wrong] * 2000}]) if argument == "params" else wrong
    with pytest.raises(PurityError, match=f"{argument} function 'wrong' uses 'FACTOR'"):
        answer(disco, lambda entry, params: [], **{"reduce": lambda pairs, params: [], argument: value})


def test_what_does_not_travel_is_not_checked(disco: Disco) -> None:
    """Functions in Params under names with _ stay behind, so they may use anything; so may those of unused phases."""
    assert answer(disco, lambda entry, params: [(entry, 1)], params=Params(_mine=lambda: helper("x"))) == [("x", 1)]
    assert answer(disco, lambda entry, params: [(entry, 1)], reduce_init=lambda pairs, params: helper("x")) == [
        ("x", 1)
    ]


def test_recursion_by_name_is_a_global(disco: Disco) -> None:
    """A job function that calls itself uses a name of the notebook; a function nested in it may."""

    def nested(entry: str, params: Any) -> Any:
        def down(n: int) -> int:
            return n and down(n - 1) + 1

        yield entry, down(3)

    with pytest.raises(PurityError, match="uses 'again'"):
        answer(disco, cell("def again(entry, params):\n    return again(entry[1:], params) if entry else []"))
    assert answer(disco, nested) == [("x", 3)]


def test_classes_within_job_functions(disco: Disco) -> None:
    """A job function may define classes, whose bodies may use each other's names as they stand in the notebook."""
    source = """
def fun_map(entry, params):
    class Point:
        FACTOR = 2
        twice = FACTOR * 2
        def __init__(self, x):
            super().__init__()
            self.x = x
    yield entry, Point(7).x + Point.twice
"""
    assert answer(disco, cell(source, FACTOR=FACTOR, __name__="__main__")) == [("x", 11)]


def test_closures_are_refused(disco: Disco) -> None:
    """A closure is refused with what it is over; partial, Params and the notebook's namespace are ways out."""
    factor = 3

    def closure(entry: str, params: Any) -> Any:
        yield entry, factor

    with pytest.raises(PurityError, match=r"map function 'closure' .* is a closure over 'factor'") as caught:
        answer(disco, closure)
    error = caught.value
    assert (error.function, error.name, error.line) == ("closure", "factor", closure.__code__.co_firstlineno)
    for way in ("functools.partial", "Params(...)", 'Disco(namespace="notebook")'):
        assert way in str(error)
    assert answer(disco, partial(lambda factor, entry, params: [(entry, factor)], factor)) == [("x", 3)]
    assert answer(disco, lambda entry, params: [(entry, params.factor)], params=Params(factor=factor)) == [("x", 3)]
    with Disco(namespace="notebook") as lenient:
        assert answer(lenient, closure) == [("x", 3)]


def test_modules_come_under_the_notebooks_names(disco: Disco) -> None:
    """A module that the notebook imported is there in tasks, under the name that the notebook gave it."""

    def fun_map(entry: str, params: Any) -> Any:
        yield j.dumps([entry]), [random.choice([1]) for _ in entry]

    assert answer(disco, fun_map) == [('["x"]', [1])]


def test_one_name_means_one_module(disco: Disco) -> None:
    """Job functions share one namespace, so one name cannot mean two modules."""
    first = cell("def first(entry, params):\n    yield m.__name__, 1", m=j)
    second = cell("def second(pairs, params):\n    yield m.__name__, 1", m=random)
    with pytest.raises(PurityError, match=r"reduce function 'second' means module 'random' by 'm', another .* 'json'"):
        answer(disco, first, reduce=second)
    assert answer(disco, first, reduce=cell("def second(p, params):\n    yield m.__name__, 1", m=j)) == [("json", 1)]


@pytest.mark.parametrize("name", ["made_up_here", "__main__"])
def test_modules_that_cannot_be_imported(disco: Disco, name: str) -> None:
    """A module that only the notebook has is refused with the way to ship it."""
    function = cell("def f(entry, params):\n    yield m.x, 1", m=types.ModuleType(name))
    with pytest.raises(ModUtilImportError, match=rf"uses module '{name}' in line 2, .* required_modules=\[\('{name}'"):
        answer(disco, function)


def test_a_name_that_nobody_has(disco: Disco) -> None:
    """A name that is bound nowhere is left to Python, which says so in the task."""
    with pytest.raises(JobError, match="NameError: name 'typo' is not defined") as caught:
        answer(disco, cell("def f(entry, params):\n    yield typo, 1"))
    assert isinstance(caught.value.__cause__, NameError)


def test_a_workers_name_in_the_notebook(disco: Disco) -> None:
    """A notebook's object that has a name of the worker's is passed over, with a warning to the caller's line."""
    function = cell("def f(entry, params):\n    yield this_host(), 1", this_host=lambda: "mine")
    with pytest.warns(
        RuntimeWarning, match="uses 'this_host', which the notebook defines too; .* rename yours"
    ) as caught:
        job = disco.new_job("test", input=["raw://x"], map=function)
    assert caught[0].filename == __file__
    assert list(result_iterator(job.wait())) == [("node01", 1)]


def test_builtins(disco: Disco) -> None:
    """Builtins are there, map too; a notebook's own object of a builtin's name is a global like any other."""
    assert answer(disco, lambda entry, params: map(divmod, [7], [4])) == [(1, 3)]
    with pytest.raises(PurityError, match="uses 'sum' in line 2, a function"):
        answer(disco, cell("def f(entry, params):\n    yield sum(entry), 1", sum=helper))
    stand_in = types.SimpleNamespace(__module__="IPython.core.interactiveshell")
    assert answer(disco, cell("def f(entry, params):\n    yield open.__name__, 1", open=stand_in)) == [("open", 1)]


def test_imported_worker_names_are_the_workers(disco: Disco) -> None:
    """Names imported from disco_sim.node.worker or func are the worker's own: no warning, no refusal."""
    from disco_sim.func import sum_reduce
    from disco_sim.node.worker import put, this_host

    source = "def f(entry, params):\n    put('k', this_host())\n    yield from sum_reduce([(entry, 1)], params)"
    assert answer(disco, cell(source, put=put, this_host=this_host, sum_reduce=sum_reduce)) == [("x", 1)]


def test_global_names_of_code() -> None:
    """Each global is told once per code object with the line it is first loaded in, locals and attributes are not."""
    code = compile("def f(x):\n    y = a.b(x)\n    return [\n        a.c(z) for z in d]", "cell", "exec").co_consts[0]
    # The comprehension is code of its own up to Python 3.11, so `a` may be told for it again.
    names = list(global_names(code))
    assert names[:2] == [("a", 2), ("d", 4)]
    assert {name for name, _ in names} == {"a", "d"}
