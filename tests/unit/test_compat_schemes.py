"""Claims about the modules that open URLs, one for each scheme."""

from __future__ import annotations

import gzip
import importlib
import io
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from disco_sim import Disco, compat, result_iterator
from disco_sim.compat.dialect import V05
from disco_sim.compat.disco import schemes
from disco_sim.compat.disco.schemes import module_of, scheme_dir, scheme_disco, scheme_file, scheme_raw, scheme_tag
from disco_sim.error import CommError, DataError, DiscoError, JobError
from disco_sim.model.work import Blob
from disco_sim.streams import open_url


def test_every_scheme_has_the_two_functions() -> None:
    """Each module of ours has open and input_stream, and is found by a URL."""
    for name in ("raw", "file", "http", "https", "dir", "disco", "tag"):
        module = module_of(f"{name}://x")
        assert module is importlib.import_module(f"disco_sim.compat.disco.schemes.scheme_{name}")
        assert callable(module.open)
        assert callable(module.input_stream)
    assert module_of("/a/path") is scheme_file
    with pytest.raises(DiscoError, match=r"there is no module disco\.schemes\.scheme_foo; write one"):
        module_of("foo://x")


def test_raw_is_text() -> None:
    """The payload as it is, str, with its size in bytes."""
    stream, size, url = scheme_raw.input_stream(None, None, "raw://caf\u00e9 a b", None)
    assert (list(stream), size, url) == (["caf\u00e9 a b"], 9, "raw://caf\u00e9 a b")
    assert list(scheme_raw.open("raw://")) == []


def test_files_by_absolute_paths(tmp_path: Path) -> None:
    """file:///abs, plain paths and packed files; the size of a packed one is unknown."""
    (tmp_path / "words").write_bytes(b"the\ncat\n")
    (tmp_path / "words.gz").write_bytes(gzip.compress(b"the\ncat\n"))
    for url, n_bytes in ((f"file://{tmp_path}/words", 8), (str(tmp_path / "words"), 8), (f"{tmp_path}/words.gz", None)):
        stream, size, told = scheme_file.input_stream(None, None, url, None)
        with stream:
            assert (list(stream), size, told) == ([b"the\n", b"cat\n"], n_bytes, url)
    with pytest.raises(DataError, match="No such file"):
        scheme_file.open(str(tmp_path / "none"))


def test_within_a_job_the_jobs_own_opener_opens(tmp_path: Path) -> None:
    """A first stream that opens URLs is asked, for it knows the job's folder and store."""
    asked = []

    class Opener:
        def open(self, url: str) -> Any:
            asked.append(url)
            return open_url("raw://the cat")

    stream, size, _ = scheme_file.input_stream(Opener(), None, "words", None)
    assert (stream.read(), size, asked) == (b"the cat", 7, ["words"])


def test_what_a_cluster_stores(disco: Disco) -> None:
    """disco:// gives pairs or bytes, dir:// the lines of the index, tag:// all blobs, from the first good replica."""
    job = disco.new_job(name="pairs", input=["raw://a"], map=lambda line, params: [(line, 1)])
    (url,) = job.wait()
    index, size, _ = scheme_dir.input_stream(None, None, url, None)
    lines = index.read()
    assert size == len(lines)
    label, at, _ = lines.split()
    assert label == b"0"
    assert list(scheme_disco.open(at.decode())) == [("a", 1)]
    for number, data in enumerate((b"the ", b"cat")):
        disco.cluster.blobs.put(f"disco://node01:8989/{number}", Blob("bytes", data, 1, len(data)))
    disco.cluster.tags.tag("words", [["disco://node01:8989/none", "disco://node01:8989/0"]])
    disco.cluster.tags.tag("all", [["tag://words"]])
    disco.cluster.tags.tag("all", [["disco://node01:8989/1"]])
    stream, size, _ = scheme_tag.input_stream(None, None, "tag://all", None)
    assert (stream.read(), size) == (b"catthe ", 7)
    disco.cluster.tags.tag("bad", [["disco://node01:8989/none"]])
    with pytest.raises(DataError):
        scheme_tag.open("tag://bad")


def test_servers_that_are_not_there() -> None:
    """An http:// URL that nobody serves is a CommError."""
    with pytest.raises(CommError):
        module_of("http://127.0.0.1:1/x").open("http://127.0.0.1:1/x")


def test_sizes() -> None:
    """A stream that can be wound has its whole size, wherever it stands, and stays there; others have none."""
    stream = io.BytesIO(b"the cat")
    stream.read(4)
    assert (schemes.size_of(stream), stream.read()) == (7, b"cat")
    assert schemes.size_of(iter("abc")) is None


SHOUT = "def input_stream(fd, size, url, params):\n    return [url.upper()], None, url\n"


def seen(line: Any, params: Any) -> Any:
    """A map function."""
    yield line, 1


def test_schemes_of_users_are_found_without_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheme in disco/schemes/ of sys.path, or of the folder where the job was submitted, needs no `import disco`."""
    for place, name in (("path", "pathwise"), ("here", "herewise")):
        folder = tmp_path / place / "disco" / "schemes"
        folder.mkdir(parents=True)
        (folder / f"scheme_{name}.py").write_text(SHOUT)
    monkeypatch.syspath_prepend(str(tmp_path / "path"))
    monkeypatch.chdir(tmp_path / "here")
    assert not compat.installed()
    with Disco("disco://localhost:8993", dialect=V05) as disco:
        for name in ("pathwise", "herewise"):
            job = disco.new_job("own", input=[f"{name}://a"], map=seen)
            assert list(result_iterator(job.wait())) == [(f"{name.upper()}://A", 1)]
            assert "disco" not in sys.modules
            del sys.modules[f"disco_sim.compat.disco.schemes.scheme_{name}"]


def test_schemes_that_are_loaded_are_found_under_both_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a script puts into sys.modules is taken, with its own package's name or with Disco's."""
    for package in ("disco", "disco_sim.compat.disco"):
        module = ModuleType(f"{package}.schemes.scheme_loaded")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        assert schemes.scheme_module("loaded") is module


def test_a_scheme_that_nobody_knows_is_told_by_disco_s_name() -> None:
    """As in Disco the job dies of a module that is not there, whether disco is installed or not."""
    with Disco("disco://localhost:8993", dialect=V05) as disco:
        for prepare in (lambda: None, compat.install):
            prepare()
            job = disco.new_job("own", input=["foo://a"], map=seen)
            with pytest.raises(
                JobError, match=r"ModuleNotFoundError: No module named 'disco\.schemes\.scheme_foo'; write"
            ):
                job.wait()
        compat.uninstall()


def test_a_scheme_that_does_not_load_is_its_own_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the user's module raises gets out, and the module is tried again the next time."""
    folder = tmp_path / "disco" / "schemes"
    folder.mkdir(parents=True)
    (folder / "scheme_broken.py").write_text("import nosuchmodule\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match="No module named 'nosuchmodule'"):
            module_of("broken://x")
