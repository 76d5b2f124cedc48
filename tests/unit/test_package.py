"""The package itself: what it loads, and what its names are."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

import disco_sim
from disco_sim.error import JobError

HEAVY = ("pandas", "numpy", "ipywidgets", "IPython", "click")
THREE_LINES = """
import sys
from disco_sim import Disco, result_iterator
job = Disco().new_job(name="count", input=["raw://to be", "raw://or not to be"],
                      map=lambda line, params: [(word, 1) for word in line.split()],
                      reduce=lambda pairs, params: ((word, sum(ones)) for word, ones in kvgroup(sorted(pairs))))
print(list(result_iterator(job.wait())))
"""
NOT_FOR_A_FIRST_JOB = (
    *("disco_sim.views", "disco_sim.ddfs", "disco_sim.compat", "disco_sim.extension", "disco_sim.testing"),
    *("disco_sim.client.advice", "disco_sim.client.faults", "disco_sim.client.moment", "disco_sim.client.oob"),
    *("disco_sim.client.whatif", "disco_sim.cluster.replay", "disco_sim.model.trace", "disco_sim.runtime.trace"),
    # Of the standard library what is slow to load, and is easily brought in again.
    *("traceback", "sysconfig", "json", "datetime", "pkgutil", "importlib.abc", "pathlib", "urllib", "email"),
    *("logging", "subprocess", "difflib", "decimal", "statistics"),
)


def python(code: str) -> str:
    """What a fresh Python prints that runs `code`, without what the environment has loaded into every process."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def loaded(names: tuple[str, ...]) -> str:
    """Code that prints which of the modules have come since the code began; `before` is what was there then."""
    return f"print([name for name in {names!r} if name in sys.modules and name not in before])"


def test_import_and_a_first_job_load_nothing_heavy() -> None:
    """`import disco_sim` and a word count in a fresh process load neither pandas nor any part of Jupyter."""
    begin = "import sys; before = ()"
    assert python(f"{begin}\nimport disco_sim\n{loaded(HEAVY)}") == "[]\n"
    assert python(f"{begin}\n{THREE_LINES}\n{loaded(HEAVY)}") == "[('be', 2), ('not', 1), ('or', 1), ('to', 2)]\n[]\n"


def test_a_first_job_loads_only_what_runs_it() -> None:
    """A word count loads no view, no file system and nothing that only later questions need."""
    told = python(f"import sys; before = set(sys.modules)\n{THREE_LINES}\n{loaded(NOT_FOR_A_FIRST_JOB)}")
    assert told == "[('be', 2), ('not', 1), ('or', 1), ('to', 2)]\n[]\n"


def test_import_alone_loads_no_room() -> None:
    """`import disco_sim` loads the errors and nothing else of the package, so that one module alone is loaded alone."""
    own = "print(sorted(name for name in sys.modules if name.startswith('disco_sim.')))"
    assert python(f"import sys, disco_sim\n{own}") == "['disco_sim.error', 'disco_sim.tracebacks']\n"
    without_client = "print('disco_sim.client' in sys.modules)"
    assert python(f"import sys, disco_sim.func\n{without_client}") == "False\n"


def test_every_name_is_there_from_the_start() -> None:
    """dir() has all public names and rooms before any was used, and each can be had as an attribute."""
    code = """
import disco_sim, types
names = [name for name in dir(disco_sim) if not name.startswith("_")]
assert set(disco_sim.__all__) - {"__version__"} < set(names)
assert {"func", "util", "error", "core", "views", "sim"} < set(names)
for name in names:
    getattr(disco_sim, name)
from disco_sim import *
print(result_iterator is disco_sim.core.result_iterator, Disco is disco_sim.client.disco.Disco,
      Faults is disco_sim.sim.faults.Faults, type(disco_sim.func) is types.ModuleType)
"""
    assert python(code) == "True True True True\n"


def test_unknown_name_is_an_attribute_error() -> None:
    """What the package does not have is told in Python's own words, and cannot be imported."""
    with pytest.raises(AttributeError, match="module 'disco_sim' has no attribute 'Dicso'"):
        _ = disco_sim.Dicso
    with pytest.raises(ImportError, match="Dicso"):
        from disco_sim import Dicso  # noqa: F401


def test_classes_pickle_by_their_own_module() -> None:
    """A class that was had from the package is the very same one after pickling."""
    for name in ("Disco", "Job", "Params", "ClusterSpec", "Node", "Costs", "Faults", "JobError"):
        kind = getattr(disco_sim, name)
        assert pickle.loads(pickle.dumps(kind)) is kind


def test_an_error_that_comes_alone_can_be_drawn() -> None:
    """A JobError that is unpickled where no Disco was ever made still shows itself as HTML."""
    data = pickle.dumps(JobError("it failed", "master:8989", "count@1:2:3"))
    told = python(f"import pickle; print(sorted(pickle.loads({data!r})._repr_mimebundle_()))")
    assert told == "['text/html']\n"
