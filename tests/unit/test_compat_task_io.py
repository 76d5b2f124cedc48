"""Claims about streams and ready-made functions under the names of both generations."""

from __future__ import annotations

import io
import re
from functools import partial
from typing import Any

import pytest

from disco_sim import Disco, func, result_iterator
from disco_sim import error as native_error
from disco_sim import util as native_util
from disco_sim.compat.dialect import V05
from disco_sim.compat.disco import compat, error
from disco_sim.compat.disco import func as older
from disco_sim.compat.disco.node import worker as older_worker
from disco_sim.compat.disco.worker import task_io
from disco_sim.compat.disco.worker.classic import external
from disco_sim.compat.disco.worker.classic import func as classic
from disco_sim.error import DiscoError
from disco_sim.node import worker as native_worker


def test_names_of_all_places_are_the_same_objects() -> None:
    """What disco_sim.func has is the same object in disco.func, task_io and classic.func: chains compare them."""
    for place in (older, task_io, classic, older_worker):
        for name in place.__all__:
            assert hasattr(place, name), name
            if hasattr(func, name):
                assert getattr(place, name) is getattr(func, name), name
    assert set(func.__all__) <= set(older.__all__) & set(classic.__all__)
    assert task_io.task_input_stream is func.map_input_stream
    assert task_io.task_output_stream is func.map_output_stream
    for name in native_worker.__all__:
        assert getattr(older_worker, name) is getattr(native_worker, name)
    for name in ("DiscoError", "JobError", "DataError", "CommError", "ModUtilImportError"):
        assert getattr(error, name) is getattr(native_error, name)
    assert external.external is native_util.external


def test_star_imports_leave_python_alone() -> None:
    """The stubs of disco.func are there, but a star import of any place hides no builtin."""
    for place in ("func", "node.worker", "worker.task_io", "worker.classic.func"):
        names: dict[str, Any] = {}
        exec(f"from disco_sim.compat.disco.{place} import *", names)
        assert not {"map", "reduce", "open", "iter"} & set(names)
    assert (older.map("a", None), older.reduce([], None, None), older.combiner(1, 1, {}, 0, None)) == (None,) * 3
    assert (older.partition("a", 1, None), older.init([], None), classic.init([], None)) == (None,) * 3
    assert older.input_stream(1, 2, "u", None) == (1, 2, "u")
    assert older.output_stream(1, 0, "u", None) == (1, "u")
    assert (older.re, list(older.InputStream()), older.InputStream().read()) == (re, [], b"")


def test_unknown_names_are_unknown() -> None:
    """The lazily made Task is the one name that is not there at once."""
    from disco_sim.compat.disco.task import Task

    assert older_worker.Task is Task
    with pytest.raises(AttributeError, match="no attribute 'Tusk'"):
        older_worker.Tusk  # noqa: B018


def test_plain_output() -> None:
    """Netstring text of the pairs, which chain_reader reads; raw writes pass."""
    file, _ = func.map_output_stream(None, 0, "x", None)
    output = task_io.plain_output_stream(file, 0, "x", None)
    output.add("cat", 2)
    output.write(b"1 a 1 b\n")
    output.close()
    assert file.getvalue() == b"3 cat 1 2\n1 a 1 b\n"
    assert list(func.chain_reader(io.BytesIO(file.getvalue()), None, "x")) == [("cat", "2"), ("a", "b")]


def test_plain_output_of_a_job() -> None:
    """A job whose map writes netstrings gives their texts to whoever reads them."""
    with Disco(nodes=2, dialect=V05) as disco:
        job = disco.new_job(
            name="plain",
            input=["raw://a b"],
            map=lambda line, params: [(word, 1) for word in line.split()],
            map_output_stream=(task_io.task_output_stream, task_io.plain_output_stream),
            partitions=None,
        )
        assert sorted(result_iterator(job.wait())) == [("a", "1"), ("b", "1")]


def test_re_reader_takes_patterns_of_bytes() -> None:
    """A bytes pattern gives bytes, in a partial as a map_reader too."""
    reader = partial(classic.re_reader, rb"(\w+)=(\d+);")
    assert list(reader(io.BytesIO(b"a=1;b=2;"), 8, "raw://")) == [(b"a", b"1"), (b"b", b"2")]


def shout(stream: Any, size: Any, url: str, params: Any) -> Any:
    """A stream of the same bytes in capitals."""
    return io.BytesIO(stream.read().upper())


def test_stream_combiners() -> None:
    """The last stream is read and iterated over; what a function leaves out stays as before; all are closed."""
    with task_io.StreamCombiner("raw://a\nb", [task_io.task_input_stream, shout], None) as combiner:
        assert (combiner.url, combiner.size, combiner.params) == ("raw://a\nb", 3, None)
        assert combiner.read(1) == b"A"
        assert list(combiner) == [b"\n", b"B"]
        assert combiner.read() == b""
    assert all(stream.closed for stream in combiner.streams)
    assert list(task_io.StreamCombiner("x", [shout], None, fd=io.BytesIO(b"c"))) == [b"C"]
    with pytest.raises(DiscoError, match="no stream functions"):
        task_io.StreamCombiner("x", [], None)


def test_text_and_bytes() -> None:
    """The helpers of disco.compat take what is right already, and pickles of either kind of text."""
    assert compat.bytes_to_str(compat.str_to_bytes("caf\u00e9")) == "caf\u00e9"
    assert compat.force_utf8(5) == b"5"
    assert compat.force_ascii("caf\u00e9") == b"caf?"
    value = {"a": [1, b"x"]}
    assert compat.pickle_loads(compat.pickle_dumps(value)) == value
    assert compat.pickle_loads(compat.pickle_dumps(value).decode("latin-1")) == value
    file = io.BytesIO()
    compat.pickle_dump(value, file)
    file.seek(0)
    assert compat.pickle_load(file) == value


def test_netstring_errors_are_data_errors() -> None:
    """A task that meets one is tried again, like any with bad data."""
    assert issubclass(error.NetStringError, native_error.DataError)
