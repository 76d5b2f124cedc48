"""Claims about `disco_sim.compat.install()`: both names of a module are one, and a real disco is never hidden."""

from __future__ import annotations

import importlib
import importlib.util
import pickle
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import disco_sim.compat.disco.error
import disco_sim.compat.disco.schemes
from disco_sim import Disco, compat
from disco_sim.compat import finder, missing
from disco_sim.compat.disco.schemes import module_of
from disco_sim.error import DiscoError


@pytest.fixture
def installed() -> Iterator[None]:
    """The face is installed, and afterwards as unknown as before; schemes of users are forgotten."""
    before = list(disco_sim.compat.disco.schemes.__path__)
    known = set(sys.modules)
    compat.install()
    yield
    compat.uninstall()
    disco_sim.compat.disco.schemes.__path__[:] = before
    for name in set(sys.modules) - known:
        if ".schemes.scheme_" in name:
            del sys.modules[name]


@pytest.mark.usefixtures("installed")
def test_both_names_are_one_module() -> None:
    """Whatever is imported of disco, in whichever form, is the module of disco_sim.compat.disco itself."""
    for name in ("", ".util", ".error", ".worker", ".worker.task_io", ".worker.classic.func", ".schemes.scheme_raw"):
        face = importlib.import_module(f"disco{name}")
        assert face is importlib.import_module(f"disco_sim.compat.disco{name}")
        assert sys.modules[f"disco{name}"] is sys.modules[f"disco_sim.compat.disco{name}"]
        assert face.__spec__ is not None
        assert face.__spec__.name == face.__name__ == f"disco_sim.compat.disco{name}"
    script: dict[str, Any] = {}
    exec("from disco import util as one\nimport disco.util as two\nimport disco\nthree = disco.util", script)
    assert script["one"] is script["two"] is script["three"] is disco_sim.compat.disco.util


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("first", ["disco", "disco_sim.compat.disco"])
def test_order_of_the_names_does_not_matter(first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that is new to both names is loaded once, whichever is asked first."""
    known = importlib.import_module("disco.compat")
    monkeypatch.setattr(disco_sim.compat.disco, "compat", known)
    for name in ("disco.compat", "disco_sim.compat.disco.compat"):
        monkeypatch.delitem(sys.modules, name)
    loaded = importlib.import_module(f"{first}.compat")
    assert loaded is not known
    assert importlib.import_module("disco.compat") is importlib.import_module("disco_sim.compat.disco.compat") is loaded


@pytest.mark.usefixtures("installed")
def test_reload_and_pickle() -> None:
    """A module of the face can be reloaded in place; what is pickled of it is found under both names."""
    module = importlib.import_module("disco.compat")
    assert importlib.reload(module) is module is sys.modules["disco_sim.compat.disco.compat"]
    kind = importlib.import_module("disco.error").NetStringError
    pickled = pickle.dumps(kind, protocol=0)
    assert pickle.loads(pickled) is kind
    assert pickle.loads(pickled.replace(b"disco_sim.compat.disco", b"disco")) is kind


@pytest.mark.usefixtures("installed")
def test_unknown_modules_tell_what_there_is() -> None:
    """The error names the module as it was asked for, and what is there instead; a try around an import works."""
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'disco\.utils'.* util, worker") as caught:
        importlib.import_module("disco.utils")
    assert caught.value.name == "disco.utils"
    with pytest.raises(ModuleNotFoundError, match=r"'disco\.worker\.klassic'.*classic, .*pipeline"):
        importlib.import_module("disco.worker.klassic")
    with pytest.raises(ImportError, match="cannot import name 'utils'"):
        exec("from disco import utils")


@pytest.mark.usefixtures("installed")
def test_errors_inside_a_module_are_its_own(tmp_path: Path) -> None:
    """What a user's scheme cannot import is told as such, not as a missing scheme."""
    (tmp_path / "scheme_broken.py").write_text("import no_such_module_anywhere\n")
    disco_sim.compat.disco.schemes.__path__.append(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="no_such_module_anywhere"):
        importlib.import_module("disco.schemes.scheme_broken")


SCHEME = "def input_stream(fd, size, url, params):\n    return ['shouted ' + url.upper()]\n"


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import disco; disco.Disco", "module 'disco' has no attribute 'Disco'; it is in disco.core: from disco.core"),
        ("import disco; disco.nosuch", "module 'disco' has no attribute 'nosuch'$"),
        (
            "import disco.util; disco.util.kvgrup",
            "module 'disco.util' has no attribute 'kvgrup'; did you mean 'kvgroup'",
        ),
        ("from disco import Disco", "cannot import name 'Disco' from 'disco'; it is in disco.core: from disco.core"),
        (
            "from disco.util import chain_reader",
            "cannot import name 'chain_reader' from 'disco.util'; it is in disco.fun",
        ),
        ("from disco.node.worker import Task, Tusk", "cannot import name 'Tusk' from 'disco.node.worker'"),
        (
            "from disco.worker.pipeline.worker import active_task, out",
            "cannot import name 'out' from 'disco.worker.pip",
        ),
    ],
)
def test_what_a_module_does_not_have(code: str, told: str) -> None:
    """Both kinds of errors speak of disco, and name the module that has it, or the name that is near."""
    with pytest.raises(ImportError if code.startswith("from") else AttributeError, match=told) as caught:
        exec(code, {})
    assert "disco_sim" not in str(caught.value)


@pytest.mark.usefixtures("installed")
def test_asking_whether_a_module_has_a_name() -> None:
    """hasattr and getattr with a default are no errors; modules below a package are imported from it as ever."""
    module = importlib.import_module("disco.util")
    assert not hasattr(module, "nosuch")
    assert getattr(module, "nosuch", 5) == 5
    names: dict[str, Any] = {}
    exec("from disco.util import *\nfrom disco.worker import classic\nfrom disco import func", names)
    assert {"kvgroup", "classic", "func"} <= set(names)


def test_a_module_that_is_not_loaded_yet_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is below a package but not imported is said to be a module."""
    package = types.ModuleType("face")
    package.__path__ = disco_sim.compat.disco.__path__
    missing.tell(package, "disco")
    with pytest.raises(AttributeError, match=r"it is a module that has to be imported: import disco.eventmonitor"):
        package.eventmonitor  # noqa: B018


@pytest.mark.usefixtures("installed")
def test_schemes_of_users_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheme is found in an extended __path__, in disco/schemes/ of sys.path, and in sys.modules."""
    (tmp_path / "scheme_one.py").write_text(SCHEME)
    disco_sim.compat.disco.schemes.__path__.append(str(tmp_path))
    folder = tmp_path / "lib" / "disco" / "schemes"
    folder.mkdir(parents=True)
    (folder / "scheme_two.py").write_text(SCHEME)
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    three: Any = types.ModuleType("disco.schemes.scheme_three")
    exec(SCHEME, three.__dict__)
    monkeypatch.setitem(sys.modules, three.__name__, three)
    for name in ("one", "two", "three"):
        module = importlib.import_module(f"disco.schemes.scheme_{name}")
        assert module is importlib.import_module(f"disco_sim.compat.disco.schemes.scheme_{name}")
        assert module is module_of(f"{name}://x")
        script: dict[str, Any] = {}
        exec(f"from disco.schemes import scheme_{name} as found", script)
        assert script["found"].input_stream(None, None, "a://b", None) == ["shouted A://B"]


def real_package(folder: Path) -> Path:
    """A folder with a package `disco` of somebody else's in it."""
    package = folder / "disco"
    package.mkdir()
    (package / "__init__.py").write_text("whose = 'theirs'\n")
    return folder


def test_a_real_disco_that_can_be_imported_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says where it is and what to do, and nothing is installed."""
    monkeypatch.syspath_prepend(str(real_package(tmp_path)))
    with pytest.raises(DiscoError, match=r"another package named 'disco' can be imported, from .*__init__\.py"):
        compat.install()
    assert not compat.installed()
    assert importlib.import_module("disco").whose == "theirs"
    with pytest.raises(DiscoError, match="is imported already, from"):
        compat.install()
    del sys.modules["disco"]


def test_a_folder_named_disco_is_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain folder of that name, as one for a user's schemes, is nothing to be afraid of."""
    (tmp_path / "disco").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert finder.find_other() is None
    compat.install()
    assert compat.installed()
    compat.uninstall()


def test_install_and_uninstall() -> None:
    """Installing twice is installing once; uninstalling forgets the names, keeps the modules, and can be repeated."""
    assert not compat.installed()
    compat.install()
    compat.install()
    assert compat.installed()
    assert sum(isinstance(one, finder.Finder) for one in sys.meta_path) == 1
    module = importlib.import_module("disco.util")
    compat.uninstall()
    compat.uninstall()
    assert not compat.installed()
    assert not [name for name in sys.modules if name.partition(".")[0] == "disco"]
    assert sys.modules["disco_sim.compat.disco.util"] is module
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'disco'$"):
        importlib.import_module("disco")
    compat.install()
    assert importlib.import_module("disco.util") is module
    compat.uninstall()


def test_what_is_given_to_install_is_what_jobs_run_on(disco: Disco) -> None:
    """A Disco, or what one is made with; what is wrong is told, and then nothing is installed."""
    from disco_sim.compat import masters

    compat.install(disco)
    assert masters.connect("disco://anywhere") is disco
    compat.uninstall()
    compat.install(nodes=3)
    assert len(masters.connect("disco://localhost:9876").cluster.spec.nodes) == 3
    compat.uninstall()
    with pytest.raises(DiscoError, match="did you mean 'nodes'"):
        compat.install(node=3)
    assert not compat.installed()


def test_find_spec_leaves_others_alone() -> None:
    """Modules that only begin with the same letters are not ours."""
    one = finder.Finder()
    assert one.find_spec("discotheque", None) is None
    assert one.find_spec("json", None) is None
