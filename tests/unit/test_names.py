"""docs/names.md tells the truth: what it has is there, what it has not is not there, and nothing is left out."""

from __future__ import annotations

import builtins
import importlib
import inspect
import io
import json
import pkgutil
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

import disco_sim.compat.disco as face
from disco_sim import Disco, compat
from disco_sim.client.arguments import defaults
from disco_sim.compat import control
from disco_sim.compat.disco.settings import DEFAULTS
from disco_sim.error import CommError, DiscoError, JobError
from disco_sim.model.dialect import DOCUMENTED
from disco_sim.pipeline import Stage

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "names.md").read_text(encoding="utf-8")
OWN = "disco_sim.compat."
NOTHING: Any = object()


class Row(NamedTuple):
    """A row of the page; `arguments` are parameters of a callable, and `name` is without them."""

    section: str
    name: str
    arguments: tuple[str, ...]
    generation: str
    what: str
    why: str


def rows_of(page: str) -> list[Row]:
    rows = []
    for part in page.split("\n## ")[1:]:
        section = part.partition("\n")[0]
        for line in part.splitlines():
            if line.startswith("| `"):
                name, generation, what, why = (cell.strip() for cell in line.strip("|").split(" | ", 3))
                plain, _, rest = name.strip("`").partition("(")
                rows.append(Row(section, plain, tuple(re.findall(r"(\w+)=", rest)), generation, what, why.rstrip(" |")))
    return rows


ROWS = rows_of(PAGE)
OTHER_SECTIONS = (
    "Bare names in job functions", "Groupings", "Job parameters", "URL schemes", "Settings", "Control endpoints",
    "Command line",
)  # fmt: skip
TASK = "disco.task.Task."
IMPORTED = [row for row in ROWS if row.section not in OTHER_SECTIONS and not row.name.startswith(TASK)]
SECTIONS = list(dict.fromkeys(row.section for row in IMPORTED))


def rows_in(section: str) -> list[Row]:
    return [row for row in ROWS if row.section == section]


def wrong(rows: list[Row], there: set[str]) -> list[str]:
    """The names whose word is not what was found: `there` are the names that are."""
    return [row.name for row in rows if (row.what != "not") != (row.name in there)]


@pytest.fixture
def installed() -> Iterator[None]:
    """The face, for the length of a test, on a cluster of two nodes."""
    compat.install(nodes=2)
    yield
    compat.uninstall()


def one_to_each(entry, params):
    yield entry, 1


def pairs(iter, params):
    yield from iter


# The page itself


def test_the_page_counts_its_names() -> None:
    """The numbers at its beginning are those of its rows, and only its three words are used."""
    told = {word: int(n) for word, n in re.findall(r"^\| (same|better|not) \|.* (\d+) \|$", PAGE, re.MULTILINE)}
    assert told == Counter(row.what for row in ROWS)


def test_rows_are_whole() -> None:
    """A name stands once in its section, with a known generation, and a reason where it differs from Disco's."""
    assert [name for name, n in Counter(row[:3] for row in ROWS).items() if n > 1] == []
    assert {row.generation for row in ROWS} == {"A", "B", "A B", "-"}
    assert [row.name for row in ROWS if row.what != "same" and not row.why] == []


# Names that are imported


def resolved(dotted: str) -> Any:
    """What a dotted name stands for: a module, or an attribute of one, or of a class or of an object of it."""
    parts = dotted.split(".")
    found: Any = NOTHING
    for n_parts in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:n_parts]))
        except ModuleNotFoundError:
            continue
        break
    for name in parts[n_parts:]:
        owner, found = found, getattr(found, name, NOTHING)
        if found is NOTHING and inspect.isclass(owner) and owner.__name__ in SPECIMENS:
            found = getattr(SPECIMENS[owner.__name__](), name, NOTHING)
        if found is NOTHING:
            return NOTHING
    return found


def a_pack() -> Any:
    from disco.core import Disco

    disco = Disco()
    return disco.jobpack(disco.new_job("pack", input=["raw://a"], map=one_to_each).name)


def an_error() -> JobError:
    from disco.core import Disco

    job = Disco().new_job("wrong", input=["raw://a"], map=lambda line, params: [(line, 1 / 0)])
    with pytest.raises(JobError) as raised:
        job.wait()
    return raised.value


SPECIMENS = {"JobError": an_error, "JobPack": a_pack}


def is_there(row: Row) -> bool:
    """Whether a name resolves, with its parameters, and does not say itself that it is not here."""
    found = resolved(row.name.removesuffix(".*"))
    if found is NOTHING:
        return False
    if row.arguments and set(row.arguments) - set(inspect.signature(found).parameters):
        return False
    if row.what == "not":
        with pytest.raises(DiscoError):
            found()
        return False
    return True


@pytest.mark.parametrize("section", SECTIONS)
def test_names_are_imported(section: str, installed: None) -> None:
    """Names of modules, with their parameters, are imported by `disco`'s own names; those that are not here are not."""
    rows = [row for row in IMPORTED if row.section == section]
    assert wrong(rows, {row.name for row in rows if is_there(row)}) == []


def modules() -> dict[str, ModuleType]:
    """Every module of the face by its name in Disco."""
    infos = pkgutil.walk_packages(face.__path__, face.__name__ + ".")
    return {info.name.removeprefix(OWN): importlib.import_module(info.name) for info in infos}


def public_names(module: ModuleType) -> set[str]:
    """What is in its __all__, and what is public and defined there."""
    own = {name for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__}
    return {name for name in {*own, *getattr(module, "__all__", ())} if not name.startswith("_")}


def members(module: ModuleType) -> set[str]:
    """The public attributes that the module's own public classes have of their own, as Class.attribute."""
    classes = [
        value
        for name in public_names(module)
        if inspect.isclass(value := getattr(module, name)) and value.__module__ == module.__name__
    ]
    return {f"{one.__name__}.{name}" for one in classes for name in vars(one) if not name.startswith("_")}


# Not what a user of a module is after: a type variable, and events that differ in text and level alone.
LEFT_OUT = re.compile(r"disco\.core\.Answer|disco\.events\.(?!Event\.)\w+\.(type|level)")


def test_no_public_name_of_the_face_is_left_out(installed: None) -> None:
    """Each public name of each module, and of its classes, has a row, or is the object of a row of another module."""
    told = {row.name for row in ROWS}
    homes: dict[str, list[str]] = {}
    for name in told:
        homes.setdefault(name.rpartition(".")[2], []).append(name)
    missing = []
    for module_name, module in modules().items():
        for name in sorted(public_names(module) | members(module)):
            dotted = f"{module_name}.{name}"
            if dotted in told or LEFT_OUT.fullmatch(dotted):
                continue
            others = [resolved(home) for home in homes.get(name, ()) if "." in home]
            if f"{module_name}.*" not in told or not any(one is getattr(module, name) for one in others):
                missing.append(dotted)
    assert missing == []


def test_the_facts_of_a_task_are_in_the_page() -> None:
    """Every fact that Task lists has a row."""
    from disco_sim.compat.disco.task import Task

    facts = {name for name in dir(Task) if not name.startswith("_")} - {"mro"}
    assert sorted(facts - {row.name.removeprefix(TASK) for row in ROWS}) == []


# Names within a task


def test_facts_of_the_running_task(installed: None) -> None:
    """A map function that asks Task for each fact gets those that are there, and an AttributeError for the others."""
    from disco.core import Job, result_iterator

    def ask(line, params):
        for name in params:
            yield name, hasattr(Task, name)

    rows = [row for row in ROWS if row.name.startswith(TASK)]
    job = Job("ask").run(input=["raw://a"], map=ask, params=[row.name.removeprefix(TASK) for row in rows])
    there = {TASK + name for name, has in result_iterator(job.wait()) if has}
    assert len(rows) > 40
    assert wrong(rows, there) == []


def test_bare_names_of_job_functions(installed: None) -> None:
    """A map function sees each bare name without import, and builtins are Python's own."""
    from disco.core import Job, result_iterator

    def ask(line, params):
        for name in params:
            try:
                yield name, repr(eval(name))
            except NameError:
                yield name, None

    rows = rows_in("Bare names in job functions")
    job = Job("ask").run(input=["raw://a"], map=ask, params=[row.name for row in rows])
    found = {name: value for name, value in result_iterator(job.wait()) if value is not None}
    assert wrong(rows, set(found)) == []
    assert found["map"] == repr(builtins.map)


# Jobs


def process(interface, state, label, inp):
    interface.output(label).add("entries", len(list(inp)))


def test_groupings_of_pipelines(installed: None) -> None:
    """A pipeline with the grouping in its second stage is ready; one that is none is refused at submission."""
    from disco.core import Job
    from disco.worker.pipeline.worker import Worker

    def is_taken(grouping: str) -> bool:
        stages = [("split", Stage("first", process=process)), (grouping, Stage("second", process=process))]
        try:
            return bool(Job("stages", worker=Worker()).run(input=[["raw://a"]], pipeline=stages).wait())
        except DiscoError as error:
            assert grouping in str(error)
            return False

    rows = rows_in("Groupings")
    assert wrong(rows, {row.name for row in rows if is_taken(row.name)}) == []


def add(fd, key, value, params):
    fd.add(key, value)


def nothing(iter, params):
    """Reads nothing."""


def combine(key, value, buffer, done, params):
    if done:
        return buffer.items()
    buffer[key] = value


COPIES = b"""#!/usr/bin/env python3
import struct, sys
read, write = sys.stdin.buffer.read, sys.stdout.buffer.write
def part():
    return read(*struct.unpack("<I", head)) if (head := read(4)) else None
parameters = part()
while (key := part()) is not None:
    pair = [key + parameters, part()]
    write(struct.pack("<I", 1) + b"".join(struct.pack("<I", len(text)) + text for text in pair))
    sys.stdout.buffer.flush()
"""
PROGRAM = {"map": {"op": COPIES}, "ext_params": "s"}
"""An external program, which adds its parameters to every key."""

# A value for each parameter, and what has to be given with it.
VALUES: dict[str, tuple[Any, dict[str, Any]]] = {
    "name": ("named", {}),
    "input": (["raw://b"], {}),
    "map": (one_to_each, {}),
    "map_init": (nothing, {}),
    "map_reader": (lambda fd, size, url: fd, {}),
    "map_input_stream": ([lambda stream, size, url, params: io.BytesIO(b"a")], {}),
    "map_output_stream": (defaults()["map_output_stream"], {}),
    "map_writer": (add, {}),
    "map_shuffle": (True, {}),
    "combiner": (combine, {}),
    "partition": (lambda key, nr_partitions, params: 0, {}),
    "partitions": (2, {}),
    "merge_partitions": (True, {}),
    "reduce": (pairs, {}),
    "reduce_init": (nothing, {}),
    "reduce_reader": (defaults()["reduce_reader"], {}),
    "reduce_input_stream": (defaults()["reduce_input_stream"], {}),
    "reduce_output_stream": (defaults()["reduce_output_stream"], {}),
    "reduce_writer": (add, {}),
    "reduce_shuffle": (True, {}),
    "shuffle": (True, {}),
    "pipeline": ([("split", Stage("only", process=process))], {"map": None, "reduce": None}),
    "ext_map": (True, PROGRAM),
    "ext_reduce": (False, {}),
    "ext_params": ({"stop": "the"}, PROGRAM),
    "params": ({"stop": "the"}, {}),
    "prefix": ("named", {}),
    "profile": (True, {}),
    "required_files": ({"stop.txt": b"the"}, {}),
    "required_modules": (["math"], {}),
    "scheduler": ({"max_cores": 1}, {}),
    "save": (True, {}),
    "save_results": (True, {}),
    "save_info": ("ddfs", {}),
    "sort": (True, {}),
    "sort_buffer_size": ("20%", {}),
    "status_interval": (1, {}),
    "version": (defaults()["version"], {}),
    "username": ("ann", {}),
    "owner": ("ann", {}),
    "nr_reduces": (2, {}),
    "mem_sort_limit": (1000, {}),
}
DEPRECATED = ("nr_reduces", "map_writer", "reduce_writer", "mem_sort_limit")


def test_every_parameter_has_a_row_and_a_value_here() -> None:
    """The page has each parameter that jobs take, no other, and this test submits each."""
    told = {row.arguments[0] for row in rows_in("Job parameters")}
    assert told == {"name", *defaults()} == set(VALUES)


@pytest.mark.parametrize("parameter", VALUES)
@pytest.mark.parametrize("dialect", ["V05", "documented"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_parameters_are_accepted(parameter: str, dialect: str) -> None:
    """A job with the parameter is ready with a result; on the documented dialect no unknown one would be taken."""
    value, beside = VALUES[parameter]
    with Disco(nodes=2, dialect=DOCUMENTED) as documented:
        compat.install(**({"nodes": 2} if dialect == "V05" else {"disco": documented}))
        try:
            from disco.core import Job, result_iterator

            given = {"input": ["raw://a"], "map": one_to_each, "reduce": pairs, **beside, parameter: value}
            job = Job("parameters").run(**given)
            assert len(list(result_iterator(job.wait()))) == 1
            if parameter == "name":
                assert job.name.startswith("named@")
            elif parameter not in (*DEPRECATED, "prefix"):
                assert parameter in job.jobspec()
            if dialect == "documented":
                with pytest.raises(DiscoError, match="Unknown job argument"):
                    Job("parameters").run(**given, unknown=1)
        finally:
            compat.uninstall()


# Everything else


def test_schemes_open(installed: None, tmp_path: Path) -> None:
    """A job reads an input of each scheme; of one that is not here it says which module would open it."""
    from disco.core import Job, result_iterator
    from disco.ddfs import DDFS
    from disco.test import TestServer

    def records(url: str) -> list[Any]:
        reader = {"map_reader": chain_reader} if url.startswith("dir://") else {}
        job = Job("opened").run(input=[url], map=one_to_each, **reader)
        return [key[0] if isinstance(key, tuple) else key for key, one in result_iterator(job.wait())]

    from disco.func import chain_reader

    (tmp_path / "text").write_text("cat")
    _, blobs = DDFS().push("names:text", [str(tmp_path / "text")])
    results = Job("results").run(input=["raw://cat"], map=one_to_each).wait()
    server = TestServer(lambda path: "cat")
    try:
        page = server.urls(["text"])[0]
        urls = {
            "raw": "raw://cat",
            "url": "url://cat",
            "http": page,
            "file": f"file://{tmp_path}/text",
            "disco": blobs[0][0],
            "dir": results[0][0],
            "tag": "tag://names:text",
        }
        there = set()
        for scheme, url in urls.items():
            assert url.startswith(scheme + "://")
            if records(url) in (["cat"], [b"cat"], [b"url://cat"]):
                there.add(scheme + "://")
        with pytest.raises(CommError):  # nothing here speaks TLS, but it is tried
            importlib.import_module("disco.schemes.scheme_https").open(page.replace("http:", "https:"))
        there.add("https://")
    finally:
        server.stop()
    rows = rows_in("URL schemes")
    for row in rows:
        if row.what == "not":
            with pytest.raises(JobError, match=f"scheme_{row.name.removesuffix('://')}"):
                records(row.name + "text")
    assert wrong(rows, there) == []


def test_settings_are_known() -> None:
    """DiscoSettings has each setting of the page, and no other by default."""
    from disco_sim.compat.disco.settings import DiscoSettings

    rows = rows_in("Settings")
    assert wrong(rows, set(DiscoSettings())) == []
    assert {row.name for row in rows} == set(DEFAULTS)


def test_endpoints_are_answered(installed: None) -> None:
    """Disco.request answers each endpoint that is here, and nothing is found at the others."""
    from disco.core import Disco

    disco = Disco()
    disco.ddfs.tag("NAME", [["raw://a"]])

    def is_answered(method: str, path: str) -> bool:
        job = disco.new_job("asked", input=["raw://a"], map=one_to_each)
        job.wait()
        verb = path.rpartition("/")[2]
        posted = {
            "get_results": f'[2000, ["{job.name}"]]',
            "blacklist": '"node01"',
            "whitelist": '"node01"',
            "save_config_table": json.dumps(disco.config),
        }
        data = posted.get(verb, f'"{job.name}"') if method == "POST" else None
        try:
            disco.request(f"{path}?name={job.name}&stage=map" if method == "GET" and "ctrl" in path else path, data)
        except CommError as error:
            assert error.code == 404
            return False
        return True

    rows = rows_in("Control endpoints")
    assert wrong(rows, {row.name for row in rows if is_answered(*row.name.split())}) == []
    told = {row.name.rpartition("/")[2] for row in rows}
    assert {*control._ASKED, *control._POSTED} <= told


def test_there_is_no_such_command() -> None:
    """disco_sim installs one command, and neither `disco` nor `ddfs`."""
    commands = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    rows = rows_in("Command line")
    assert {row.name.split()[0] for row in rows} == {"disco", "ddfs"}
    assert wrong(rows, {row.name for row in rows if row.name.split()[0] in commands}) == []
