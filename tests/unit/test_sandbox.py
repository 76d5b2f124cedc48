"""Every run starts alike, and leaves the process as it was."""

from __future__ import annotations

import decimal
import importlib.machinery
import importlib.util
import os
import random
import subprocess
import sys
import threading
import time
import warnings
from types import ModuleType

import numpy
import pytest

from disco_sim import Disco, JobError, Params, result_iterator
from disco_sim.error import DiscoError
from disco_sim.model.work import TaskWork
from disco_sim.runtime.context import TaskContext, reason_of, shown
from disco_sim.runtime.program import Program
from disco_sim.runtime.sandbox import sandbox, user_lines, user_traceback
from disco_sim.testing import run


@pytest.fixture
def disco():
    with Disco(nodes=2) as disco:
        yield disco


@pytest.fixture
def context():
    work = TaskWork("job", 0, "map", 0, 0, 1, 0, "node01", "master:1", Program({}, (), b""), (), 0, None)
    return TaskContext(work)


def results(disco, fun_map, inputs=("raw://a", "raw://b"), **parameters):
    job = disco.new_job(name="job", input=list(inputs), map=fun_map, **parameters)
    return [value for _, value in result_iterator(job.wait())]


# -- luck ------------------------------------------------------------------------------------------------------------


def lucky(line, params):
    import random

    import numpy

    yield line, (random.random(), float(numpy.random.random()), numpy.random.randint(1000))


def test_random_is_seeded(disco):
    """Random numbers of a task, Python's and numpy's old ones, are the same in every process and differ by task."""
    found = results(disco, lucky)
    assert found[0] != found[1]
    random.seed(99)
    numpy.random.seed(99)
    with Disco(nodes=1, slots=1) as other:
        assert results(other, lucky) == found
    with Disco(nodes=2, seed=1) as other:
        assert all(a != b for a, b in zip(results(other, lucky), found, strict=True))


def test_random_is_restored(disco):
    """A run does not touch the notebook's own random numbers."""
    random.seed(5)
    numpy.random.seed(5)
    expected = random.random(), numpy.random.random()
    random.seed(5)
    numpy.random.seed(5)
    results(disco, lucky)
    assert (random.random(), numpy.random.random()) == expected


def test_a_retry_draws_the_same(disco):
    """The second run of a task draws what the first did."""

    def fun_map(line, params):
        import random

        msg(random.random())
        if this_host() == "node01":
            raise OSError
        yield line, 1

    job = disco.new_job(name="job", input=["raw://a"], map=fun_map)
    job.wait()
    first, second = job.log[job.log["level"] == "MSG"]["message"]
    assert first == second


def test_numpy_is_seeded_when_a_run_imports_it_first():
    """Where nobody has imported numpy before, the run that does draws the same numbers as any other."""
    code = """
import sys
from disco_sim import Disco, result_iterator
def lucky(line, params):
    import numpy
    yield line, int(numpy.random.randint(10**9))
assert "numpy" not in sys.modules
for _ in range(2):
    with Disco(nodes=2) as disco:
        print(list(result_iterator(disco.new_job(name="job", input=["raw://a", "raw://b"], map=lucky).wait())))
import numpy
assert not any(type(finder).__name__ == "_NumpySeeder" for finder in sys.meta_path)
print(numpy.random.randint(10**9))
"""
    outputs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
        for _ in range(2)
    ]
    assert outputs[0][0] == outputs[0][1] == outputs[1][0] == outputs[1][1]
    assert outputs[0][2] != outputs[1][2]  # afterwards numpy's luck is its own again


class FakeLoader:
    """Loads a stand-in for numpy.random that notes how it is seeded."""

    def __init__(self):
        self.seeds = []

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.seed = lambda *seed: self.seeds.append(seed)


@pytest.mark.parametrize("is_there", [True, False])
def test_the_first_import_is_seeded(context, tmp_path, monkeypatch, is_there):
    """numpy.random is seeded once it is loaded, then again without a seed; where there is no numpy nothing happens."""
    monkeypatch.delitem(sys.modules, "numpy.random")
    loader = FakeLoader()
    spec = importlib.machinery.ModuleSpec("numpy.random", loader) if is_there else None
    before = list(sys.meta_path)
    with sandbox(context, str(tmp_path), {}, 2**32 + 7):
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
        finder = sys.meta_path[0]
        found = finder.find_spec("numpy.random", None)
        assert found is spec
        if is_there:
            sys.modules["numpy.random"] = importlib.util.module_from_spec(found)
            found.loader.exec_module(sys.modules["numpy.random"])
    assert loader.seeds == ([(7,), ()] if is_there else [])
    assert sys.meta_path == before


def test_all_is_restored_when_a_run_cannot_begin(context, tmp_path, monkeypatch):
    """Everything is as before when the run's folder cannot be filled, and the error is told."""
    monkeypatch.delitem(sys.modules, "numpy.random")
    before = list(sys.meta_path), sys.stdout, os.getcwd(), random.getstate()
    with pytest.raises(OSError), sandbox(context, str(tmp_path), {"": b""}, 1):
        raise AssertionError("not reached")
    assert (list(sys.meta_path), sys.stdout, os.getcwd(), random.getstate()) == before


def test_nothing_is_left_when_a_run_does_not_import_numpy(context, tmp_path, monkeypatch):
    """The seeder of numpy goes away with the run."""
    monkeypatch.delitem(sys.modules, "numpy.random")
    before = list(sys.meta_path)
    with sandbox(context, str(tmp_path), {}, 1):
        assert len(sys.meta_path) == len(before) + 1
        import json.tool  # noqa: F401 - any other module is found as ever
    assert sys.meta_path == before


# -- environment and folder ------------------------------------------------------------------------------------------


def test_environment_is_restored(disco, monkeypatch):
    """What a run sets, changes and deletes in os.environ is as before afterwards, for the next run too."""
    monkeypatch.setenv("DISCO_SIM_KEPT", "yes")

    def fun_map(line, params):
        import os

        yield line, (os.environ.get("DISCO_SIM_KEPT"), "DISCO_SIM_NEW" in os.environ)
        os.environ["DISCO_SIM_NEW"] = "1"
        del os.environ["DISCO_SIM_KEPT"]

    before = dict(os.environ)
    assert results(disco, fun_map) == [("yes", False)] * 2
    assert dict(os.environ) == before


def test_an_environment_that_was_replaced_is_restored(context, tmp_path, monkeypatch):
    """os.environ is the object it was before a run, and has what it had, even where it is a plain dict."""
    plain = {"KEPT": "yes"}
    monkeypatch.setattr(os, "environ", plain)
    with sandbox(context, str(tmp_path), {}, 1):
        os.environ["KEPT"] = "no"
        monkeypatch.setattr(os, "environ", {})
    assert os.environ is plain
    assert plain == {"KEPT": "yes"}


def littering(line, params):
    import os

    yield line, sorted(os.listdir("."))
    os.makedirs("folder/inside")
    with open("file", "w") as file:
        file.write(line)
    os.symlink("folder", "link")


def test_every_run_has_an_empty_folder(disco):
    """The current folder of a run is its own: empty at its start, emptied at its end."""
    here = os.getcwd()
    assert results(disco, littering) == [[], []]
    assert os.getcwd() == here
    assert os.listdir(disco.cluster.engine.folder) == []


def test_what_a_run_leaves_is_removed_whatever_the_runs_before_did(context, tmp_path):
    """Files and folders are gone after a run, also behind runs that left none, and if it set its folder's time."""
    for name in ("", "", "file", "file", "", "old", "", "file"):
        with sandbox(context, str(tmp_path), {}, 1):
            assert os.listdir(".") == []
            if name:
                (tmp_path / name).mkdir()
                (tmp_path / name / "inside").write_text("text")
            if name == "old":
                os.utime(".", (0, 0))
        assert os.listdir(tmp_path) == []


def test_required_files_are_in_the_folder(disco):
    """required_files are in the folder of each run, as they were, whatever the run before did to them."""

    def fun_map(line, params):
        with open("lib/words") as file:
            yield line, file.read()
        with open("lib/words", "w") as file:
            file.write("spoilt")

    assert results(disco, fun_map, required_files={"lib/words": b"good"}) == ["good"] * 2


def test_a_run_may_leave_its_folder(disco):
    """A run that goes to another folder does not take the notebook along."""

    def fun_map(line, params):
        import os

        os.chdir("/")
        yield line, 1

    here = os.getcwd()
    assert results(disco, fun_map) == [1, 1]
    assert os.getcwd() == here


def test_a_run_may_remove_its_folder(disco):
    """A run that removes its own folder harms neither itself nor the runs after it."""

    def fun_map(line, params):
        import os
        import shutil

        shutil.rmtree(os.getcwd())
        yield line, 1

    assert results(disco, fun_map) == [1, 1]
    assert results(disco, littering) == [[], []]


def test_the_notebook_s_folder_may_go(disco, tmp_path, monkeypatch):
    """A run goes on though the folder of the notebook is removed by it, or was before."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)

    def fun_map(line, params):
        import os

        if os.path.isdir(params.folder):
            os.rmdir(params.folder)
        yield line, 1

    assert results(disco, fun_map, params=Params(folder=str(gone))) == [1, 1]
    assert os.getcwd() == "/"


def test_a_folder_that_was_gone_before(context, tmp_path, monkeypatch):
    """A run can start in a process whose current folder does not exist any more."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with sandbox(context, str(tmp_path / "run"), {}, 1):
        assert os.getcwd() == str(tmp_path / "run")
    assert os.getcwd() == "/"


def test_the_folder_goes_with_the_engine():
    """The folder of an engine is removed when the engine is."""
    import gc

    from disco_sim.engine.inline import Inline

    engine = Inline()
    folder = engine.folder
    assert engine.folder == folder
    assert os.path.isdir(folder)
    assert repr(engine) == "Inline()"
    del engine
    gc.collect()
    assert not os.path.exists(folder)


# -- time ------------------------------------------------------------------------------------------------------------


def test_sleep_is_virtual(disco):
    """time.sleep in a job function costs virtual seconds and no real ones; outside it is the real one again."""

    def fun_map(line, params):
        import time
        from time import sleep

        time.sleep(3000)
        sleep(600)
        yield line, 1

    start_s = time.perf_counter()
    real = time.sleep
    results(disco, fun_map)
    assert 3600 < disco.now_s < 3602
    assert time.perf_counter() - start_s < 60
    assert time.sleep is real


@pytest.mark.parametrize(
    ("seconds", "kind"), [(-1, ValueError), (float("nan"), ValueError), (float("inf"), OverflowError), ("1", TypeError)]
)
def test_sleep_takes_what_the_real_one_takes(context, tmp_path, seconds, kind):
    """What time.sleep refuses it refuses in a task too."""
    with sandbox(context, str(tmp_path), {}, 1), pytest.raises(kind):
        time.sleep(seconds)
    assert context.slept_s == 0


def test_other_threads_sleep_for_real(context, tmp_path):
    """A thread that is no task sleeps for real while a run is computed."""
    slept = []

    def other():
        start_s = time.perf_counter()
        time.sleep(0.02)
        slept.append(time.perf_counter() - start_s)

    with sandbox(context, str(tmp_path), {}, 1):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert slept[0] >= 0.02
    assert context.slept_s == 0


# -- prints ----------------------------------------------------------------------------------------------------------


def test_prints_are_messages(disco, capsys):
    """Each printed line is a message of the run, on stdout or stderr, also a last one without its end."""

    def fun_map(line, params):
        import sys

        print("one\ntwo")
        print("three", file=sys.stderr, flush=True)
        sys.stdout.write("fo")
        sys.stdout.write("ur")
        yield line, sys.stdout.writable()

    job = disco.new_job(name="job", input=["raw://a"], map=fun_map)
    assert list(result_iterator(job.wait())) == [("a", True)]
    lines = ["one", "two", "three", "four"]
    assert job.log[job.log["level"] == "MSG"]["message"].tolist() == lines
    captured = capsys.readouterr()
    assert (captured.out.splitlines(), captured.err) == (lines, "")


def test_prints_of_a_failed_run_are_kept(disco):
    """What a run printed before it failed is in the log."""

    def fun_map(line, params):
        print("before")
        raise ValueError("x")
        yield line, 1

    job = disco.new_job(name="job", input=["raw://a"], map=fun_map)
    with pytest.raises(JobError):
        job.wait()
    assert "before" in job.log["message"].tolist()


def test_prints_can_be_shown(context, tmp_path, capsys):
    """With is_quiet=False prints go where they always go, as a debugger wants it."""
    with sandbox(context, str(tmp_path), {}, 1, is_quiet=False):
        print("shown")
    assert capsys.readouterr().out == "shown\n"
    assert context.messages == []


def test_all_is_restored_after_an_error(context, tmp_path):
    """Streams, time.sleep, folder and random numbers are restored when the run raises, whatever it raises."""
    before = sys.stdout, sys.stderr, time.sleep, os.getcwd(), random.getstate()
    for error in (ValueError, KeyboardInterrupt, SystemExit):
        with pytest.raises(error), sandbox(context, str(tmp_path), {}, 1):
            random.random()
            raise error
    assert (sys.stdout, sys.stderr, time.sleep, os.getcwd(), random.getstate()) == before


# -- a job in a job --------------------------------------------------------------------------------------------------


def test_no_task_in_a_task(context, tmp_path):
    """A task cannot run a job of its own on any Disco, for it would wait in its own slot."""
    with (
        sandbox(context, str(tmp_path), {}, 1),
        pytest.raises(DiscoError, match="tried to run a job of its own"),
        sandbox(context, str(tmp_path / "inner"), {}, 1),
    ):
        raise AssertionError("not reached")


def test_no_task_in_a_task_of_another_disco():
    """A job that a job function starts on another Disco is dead, with the reason."""
    with Disco(nodes=1, namespace="notebook") as outer, Disco(nodes=1) as inner:

        def plain(line, params):
            yield line, 1

        def fun_map(line, params):
            job = inner.new_job(name="inner", input=["raw://a"], map=plain)
            try:
                job.wait()
            except JobError as error:
                yield line, str(error)

        (message,) = results(outer, fun_map, ["raw://a"])
        assert "tried to run a job of its own" in message


# -- what users see of their own code --------------------------------------------------------------------------------


def failing_inside():
    def inner():
        raise ValueError("x")

    inner()


def test_user_lines_and_traceback():
    """Of an error only the user's own lines are shown, innermost last, and its traceback ends in the user's code."""
    try:
        failing_inside()
    except ValueError as error:
        lines = user_lines(error).splitlines()
        assert [line.partition(",")[0] for line in lines[-2:]] == ["failing_inside", "inner"]
        assert lines[-1].endswith('raise ValueError("x")')
        trace = user_traceback(error)
    while trace.tb_next is not None:
        trace = trace.tb_next
    assert trace.tb_frame.f_code.co_name == "inner"


def test_shown():
    """The repr of a value is cut, has no memory address, and is never an error itself."""

    class Bad:
        def __repr__(self):
            raise RuntimeError

    assert shown("a") == "'a'"
    assert len(shown("x" * 1000)) == 120
    assert shown(Bad()) == "<Bad instance>"
    assert shown({"b", "a", "c"}) == "{'a', 'b', 'c'}"
    assert len(shown(list(range(10**6)))) < 120
    assert shown(object()) == "<object object>"
    assert shown((10**5000, 1)) == "(<int of 16610 bits>, 1)"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda: "oops", "Odd: oops"),
        (lambda: "", "Odd"),
        (lambda: sys.exit(), "Odd: (its message cannot be shown: __str__ raised SystemExit)"),
        (lambda: "\ud800 é", "Odd: \\ud800 é"),
        (lambda: repr(object()), "Odd: <object object>"),
        (lambda: "x" * 10**6, "Odd: " + "x" * 9992 + "..."),
    ],
)
def test_reasons(answer, reason):
    """What an error says is told whatever it is: cut, without addresses and half characters, and never an error."""

    class Odd(Exception):
        def __str__(self):
            return answer()

    assert reason_of(Odd()) == reason


def test_half_characters_can_be_printed(disco, capsys):
    """A half of a surrogate pair, as in the name of a file that is not UTF-8, does not stop the one who shows it."""

    def fun_map(line, params):
        print("caf\udce9", "é")
        yield line, 1

    results(disco, fun_map, ["raw://a"])
    assert capsys.readouterr().out == "caf\\udce9 é\n"


def test_surroundings_in_the_interpreter(disco):
    """Precision of decimals, filters of warnings and the depth of recursion are put back after every run."""

    def fun_map(line, params):
        import decimal
        import sys
        import warnings

        yield line, (decimal.getcontext().prec, len(warnings.filters), sys.getrecursionlimit())
        decimal.getcontext().prec = 3
        warnings.simplefilter("ignore")
        sys.setrecursionlimit(5000)

    before = (decimal.getcontext().prec, len(warnings.filters), sys.getrecursionlimit())
    assert results(disco, fun_map) == [before, before]
    assert (decimal.getcontext().prec, len(warnings.filters), sys.getrecursionlimit()) == before


def test_every_run_warns():
    """A warning that a module gives once in a process is given once in every run: a job's log is always the same."""

    def fun_map(line, params):
        helper.warn()
        yield line, 1

    helper = ModuleType("helper")
    exec("import warnings\ndef warn():\n    warnings.warn('old')\n", vars(helper))
    with warnings.catch_warnings(record=True) as warned, Disco(nodes=1, namespace="notebook") as other:
        warnings.simplefilter("default")
        for n_runs in (2, 4):
            results(other, fun_map)
            assert len(warned) == n_runs


def test_user_lines_of_a_deep_recursion():
    """Of a deep recursion only the last lines are told, so that a message stays readable."""

    def deep(n):
        return deep(n - 1) if n else 1 / 0

    with pytest.raises(ZeroDivisionError) as caught:
        deep(50)
    lines = user_lines(caught.value).splitlines()
    assert lines[0] == "... (more calls before these)"
    assert len(lines) == 7
    assert lines[-1].startswith("deep, line ")


def test_user_lines_leave_out_installed_modules():
    """Lines of the standard library are left out when the user's own led there."""
    import json

    with pytest.raises(ValueError, match="Expecting value") as caught:
        json.loads("not json")
    assert [line.partition(",")[0] for line in user_lines(caught.value).splitlines()] == [
        "test_user_lines_leave_out_installed_modules"
    ]


def test_search_path():
    """What a task adds to sys.path is gone after it."""
    import sys

    def fun_map(line, params):
        import sys

        sys.path.append("elsewhere")
        yield line, 1

    before = sys.path[:]
    run(fun_map, records=["a"])
    assert sys.path == before


def test_logging(monkeypatch):
    """Every task's log records become its own messages, and logging is as before afterwards."""
    import logging

    monkeypatch.setattr(logging.root, "handlers", [])

    def fun_map(line, params):
        import logging

        logging.warning("saw %s", line)
        yield line, 1

    with Disco(nodes=1) as disco:
        job = disco.new_job(name="logged", input=["raw://a", "raw://b", "raw://c"], map=fun_map)
        job.wait()
        messages = job.log[job.log.level == "MSG"].message.tolist()
    assert sorted(messages) == [f"WARNING:root:saw {letter}" for letter in "abc"]
    assert logging.root.handlers == []


def test_interpreter_state():
    """stdin, argv and the exception hook that a task changes are as before after it."""
    import sys

    def fun_map(line, params):
        import sys

        sys.stdin = None
        sys.argv.append(line)
        sys.excepthook = len
        yield line, 1

    before = sys.stdin, sys.argv[:], sys.excepthook
    run(fun_map, records=["a"])
    assert (sys.stdin, sys.argv, sys.excepthook) == before


def test_sleep_takes_what_time_sleep_takes():
    """A number that time.sleep refuses is refused in a task too, and virtual time stays a plain float."""
    import numpy

    from disco_sim import JobError

    def fun_map(line, params):
        import time

        import numpy

        time.sleep(numpy.float64(0.5) if line == "good" else numpy.float32(0.5))
        yield line, 1

    with Disco(nodes=1) as disco:
        disco.new_job(name="good", input=["raw://good"], map=fun_map).wait()
        assert type(disco.now_s) is float
        bad = disco.new_job(name="bad", input=["raw://bad"], map=fun_map)
        with pytest.raises(JobError, match=r"TypeError: 'numpy.float32' object cannot be interpreted as an integer"):
            bad.wait()
    assert numpy.float32(0.5) == 0.5
