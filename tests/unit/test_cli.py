"""The command `disco-sim`: demonstration, scripts, JupyterLab."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from disco_sim import __version__, cli
from disco_sim.client.disco import Disco
from disco_sim.node.worker import masters

COUNT = """
from disco_sim import Disco, result_iterator

def fun_map(line, params):
    put(f"line:{this_partition()}", line)
    for word in line.split():
        yield word, 1

def fun_reduce(pairs, params):
    for word, counts in kvgroup(sorted(pairs)):
        yield word, sum(counts)

with Disco(nodes=2) as disco:
    job = disco.new_job(name="count", input=["raw://to be", "raw://or not"], map=fun_map, reduce=fun_reduce)
    print(sorted(result_iterator(job.wait())))
"""
FAIL = """
from disco_sim import Disco

def fun_map(line, params):
    put("seen", line)
    yield line, int(line)

Disco().new_job(name="fail", input=["raw://a"], map=fun_map).wait()
"""


@pytest.fixture(autouse=True)
def _no_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCO_EVENTS", "")
    monkeypatch.delenv("DISCO_EVENTS")


def disco_sim(*arguments: str) -> Result:
    """What the command does, in this process."""
    return CliRunner().invoke(cli.main, list(arguments))


def script(folder: Path, code: str) -> str:
    """The path of a script that holds `code`."""
    path = folder / "script.py"
    path.write_text(code, encoding="utf-8")
    return str(path)


def test_demo_shows_the_answer_and_writes_the_page(tmp_path: Path) -> None:
    """The demonstration prints what it found, says where the page is, and succeeds."""
    page = tmp_path / "demo.html"
    result = disco_sim("demo", "--html", str(page))
    assert result.exit_code == 0, result.output
    for expected in ("have the counts that collections.Counter gives them", "Partitions", "words:7", str(page)):
        assert expected in result.output
    assert "data:image/svg+xml" in page.read_text(encoding="utf-8")


def test_demo_fails_when_the_counts_are_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong count is an exit status of 1, so that a build can see it."""
    monkeypatch.setattr("disco_sim.demo.Demo.is_right", False)
    assert disco_sim("demo", "--html", str(tmp_path / "demo.html")).exit_code == 1


def test_a_page_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    """The message names the file, the reason, and the option."""
    result = disco_sim("demo", "--html", str(tmp_path / "nowhere" / "demo.html"))
    assert result.exit_code == 1
    assert "No such file or directory; name another file: --html FILE" in result.output


def test_run_prints_what_was_asked_for(tmp_path: Path) -> None:
    """After the script's own output come the partitions and OOB results of its jobs, although it closed its Disco."""
    result = disco_sim("run", "--oob", "--partitions", script(tmp_path, COUNT))
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("[('be', 1), ('not', 1), ('or', 1), ('to', 1)]\n\nPartitions of count@")
    assert "Out-of-band results of count@" in result.stdout
    assert "line:1  or not" in result.stdout


def test_run_writes_a_page_with_every_job(tmp_path: Path) -> None:
    """`--report` gives one page with the views and the card of each job, of whichever Disco."""
    page = tmp_path / "jobs.html"
    result = disco_sim("run", "--report", str(page), script(tmp_path, COUNT + COUNT))
    assert result.exit_code == 0, result.output
    assert page.read_text(encoding="utf-8").count('class="dsim-place"') == 2
    assert str(page) in result.stderr


def test_run_events_are_those_of_disco(tmp_path: Path) -> None:
    """`--events` prints each event as it happens, with time, host and text, on the error stream."""
    result = disco_sim("run", "--events", script(tmp_path, COUNT))
    assert "2010/09/01 00:00:00 master [map:0] assigned to node01\n" in result.stderr
    assert "Status: [reduce] 0 waiting, 0 running, 1 done, 0 failed" in result.stderr
    assert "assigned" not in result.stdout


def test_run_gives_the_script_its_arguments_and_neighbours(tmp_path: Path) -> None:
    """The script runs as __main__ with its own arguments, options too, and imports from its folder."""
    (tmp_path / "neighbour_of_a_script.py").write_text("value = 7\n", encoding="utf-8")
    before = list(sys.argv), list(sys.path)
    path = script(tmp_path, "import sys, neighbour_of_a_script as n\nprint(__name__, sys.argv[1:], n.value)")
    assert disco_sim("run", path, "--oob", "x").stdout == "__main__ ['--oob', 'x'] 7\n"
    assert (sys.argv, sys.path) == before


def test_a_failing_job_is_told_from_the_script_on(tmp_path: Path) -> None:
    """The traceback shows the script's frames and the job function's, none of ours, and then what to do; status 1."""
    path = script(tmp_path, FAIL)
    result = disco_sim("run", "--oob", path)
    assert result.exit_code == 1
    frames = [line.split(",")[0].strip() for line in result.stderr.splitlines() if line.startswith('  File "')]
    assert frames == [f'File "{path}"'] * 2
    for expected in ("ValueError: invalid literal", "JobError: Job fail@", "record at hand: 'a'", "job.story('map:0')"):
        assert expected in result.stderr
    assert "dropped" in result.stdout


def test_an_error_of_the_script_is_a_plain_traceback(tmp_path: Path) -> None:
    """Any other error is told as Python does, beginning at the script; a mistake in its text too."""
    path = script(tmp_path, "def go():\n    return {}['a']\ngo()")
    assert disco_sim("run", path).stderr.splitlines()[:2] == [
        "Traceback (most recent call last):",
        f'  File "{path}", line 3, in <module>',
    ]
    result = disco_sim("run", script(tmp_path, "print("))
    assert result.exit_code == 1
    assert result.stderr.startswith('  File "')
    assert "SyntaxError" in result.stderr


def test_our_own_errors_show_only_the_scripts_frames(tmp_path: Path) -> None:
    """What is refused at submission is told by the line that asked for it and the message."""
    path = script(tmp_path, "from disco_sim import Disco\nwith Disco() as d:\n    d.new_job(name='x', maps=1)")
    lines = disco_sim("run", path).stderr.splitlines()
    assert sum(line.startswith('  File "') for line in lines) == 1
    assert lines[-1].startswith("disco_sim.error.DiscoError: Unknown job argument: 'maps'; did you mean 'map'?")


def test_what_went_wrong_inside_is_told_once(tmp_path: Path) -> None:
    """Of an error of ours only the message is printed, not the errors inside disco_sim that led to it."""
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    job = f"Disco().new_job(name='x', input=[{str(tmp_path / 'latin.txt')!r}], map=lambda line, params: []).wait()"
    result = disco_sim("run", script(tmp_path, f"from disco_sim import Disco\n{job}"))
    assert result.exit_code == 1
    assert result.stderr.count("Traceback") == 1
    assert result.stderr.count("No UTF-8 text at byte 3") == 1


def test_a_script_whose_reader_has_gone_ends_quietly(tmp_path: Path) -> None:
    """Behind `| head` a script that prints on is ended without a traceback."""
    path = script(tmp_path, "for n in range(100000):\n    print(n)")
    command = f"{sys.executable} -m disco_sim run --partitions {path} | head -n 1"
    ended = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == ("0\n", "The script ran no job.\n")


@pytest.mark.parametrize(("code", "status"), [("", 0), ("3", 3), ("None", 0), ("'no good'", 1)])
def test_exit_status_of_the_script_is_kept(tmp_path: Path, code: str, status: int) -> None:
    """sys.exit ends disco-sim as it would end Python."""
    result = disco_sim("run", script(tmp_path, f"import sys\nsys.exit({code})"))
    assert result.exit_code == status
    assert result.stderr == ("no good\n" if status == 1 else "")


def test_an_interrupted_script_still_shows_its_jobs(tmp_path: Path) -> None:
    """Ctrl-C ends the script with status 130, and what its jobs did is shown."""
    result = disco_sim("run", "--partitions", script(tmp_path, COUNT + "raise KeyboardInterrupt"))
    assert result.exit_code == 130
    assert result.stderr == "interrupted\n"
    assert "Partitions of count@" in result.stdout


def test_a_script_without_jobs_says_so(tmp_path: Path) -> None:
    """Asking for the jobs of a script that ran none is no error."""
    result = disco_sim("run", "--oob", script(tmp_path, "print(1)"))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "1\n", "The script ran no job.\n")


def test_a_purged_job_can_still_be_asked_for(tmp_path: Path) -> None:
    """A script may forget its job and all its data; its events are still shown."""
    path = script(tmp_path, f"{COUNT}\n    job.purge()")
    result = disco_sim("run", "--oob", "--partitions", "--report", str(tmp_path / "x.html"), path)
    assert result.exit_code == 0, result.output
    assert "Partitions of count@" in result.stdout


def test_run_leaves_nothing_behind(tmp_path: Path) -> None:
    """Discos that the script left open are closed, and Disco is as it was."""
    before, init = set(masters), Disco.__init__
    disco_sim("run", script(tmp_path, FAIL))
    assert set(masters) == before
    assert Disco.__init__ is init


OLD = """
from disco.core import Disco
job = Disco("disco://localhost").new_job(name="old", input=["raw://a", "raw://b"], map=lambda e, params: [(e, 1)])
print(job.wait())
"""


def test_the_cluster_of_old_code_can_be_chosen(tmp_path: Path) -> None:
    """--nodes, --seed and --dialect say what `disco` runs on; without them it is Disco 0.5.4 on four nodes."""
    result = disco_sim("run", "--nodes", "x01:02 x4", "--partitions", script(tmp_path, OLD))
    assert "dir://x01/disco/x01/" in result.output
    assert "map_shuffle" in result.output
    assert "map_shuffle" not in disco_sim("run", "--dialect", "documented", script(tmp_path, OLD)).stdout
    names = [disco_sim("run", "--nodes", "1", "--seed", seed, script(tmp_path, OLD)).stdout for seed in ("1", "2")]
    assert names[0] != names[1]


def test_a_cluster_that_cannot_be_is_a_usage_error(tmp_path: Path) -> None:
    """Nodes that cannot be read are told before the script runs."""
    for nodes in ("x y", "0", "a, a"):
        result = disco_sim("run", "--nodes", nodes, script(tmp_path, "print('ran')"))
        assert result.exit_code == 2
        assert "--nodes" in result.output
        assert "ran" not in result.stdout


def test_modules_beside_a_script_may_ask_for_its_end(tmp_path: Path) -> None:
    """What a helper module of the script gives to atexit is called while the clusters are open."""
    (tmp_path / "ending_helper.py").write_text(
        "import atexit\ndef at_end(function):\n    atexit.register(function)\n", encoding="utf-8"
    )
    code = """
from disco.core import result_iterator
from ending_helper import at_end
at_end(lambda: print("at the end", sorted(result_iterator(job.wait()))))
"""
    result = disco_sim("run", script(tmp_path, OLD + code))
    assert "at the end [('a', 1), ('b', 1)]" in result.stdout


def test_a_script_may_replace_the_standard_output(tmp_path: Path) -> None:
    """What a script puts in its place is printed to, even if it can nothing but write; `__file__` is a whole path."""
    code = """
import sys
class Both:
    def __init__(self, stream):
        self.stream = stream
    def write(self, text):
        return self.stream.write(text)
    def flush(self):
        self.stream.flush()
sys.stdout = Both(sys.stdout)
print(__file__)
"""
    path = script(tmp_path, OLD + code)
    result = disco_sim("run", "--partitions", path)
    assert result.exit_code == 0, result.output
    assert path in result.output
    assert "Partitions of old@" in result.output


def test_a_missing_script_is_a_usage_error() -> None:
    """The message names the file; the status is 2, as for every wrong usage."""
    result = disco_sim("run", "nowhere.py")
    assert result.exit_code == 2
    assert "'nowhere.py' does not exist" in result.stderr


def test_lab_without_jupyterlab_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without JupyterLab the command names what installs it."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = disco_sim("lab")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: JupyterLab is not installed in this Python; install it with: python -m pip install jupyterlab\n"
    )


def test_lab_opens_the_notebooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """JupyterLab is run in this Python on the notebooks, unless another folder is named; its options are passed on."""
    asked: list[list[str]] = []
    monkeypatch.setattr("runpy.run_module", lambda *_, **__: asked.append(sys.argv[1:]))
    monkeypatch.setattr("sys.argv", ["disco-sim"])
    monkeypatch.chdir(tmp_path)
    os.mkdir("notebooks")
    assert disco_sim("lab", "--no-browser").exit_code == 0
    assert disco_sim("lab", "--notebook-dir=other").exit_code == 0
    assert asked == [["--notebook-dir=notebooks", "--no-browser"], ["--notebook-dir=other"]]


def test_lab_without_notebooks_opens_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed disco_sim has no notebooks beside it: the command says so, unless a folder is named."""
    asked: list[list[str]] = []
    monkeypatch.setattr("runpy.run_module", lambda *_, **__: asked.append(sys.argv[1:]))
    monkeypatch.setattr("sys.argv", ["disco-sim"])
    monkeypatch.setattr("disco_sim.cli._PACKAGE", f"{tmp_path / 'site-packages' / 'disco_sim'}{os.sep}")
    monkeypatch.chdir(tmp_path)
    told = disco_sim("lab").stderr
    assert told.startswith("There is no folder 'notebooks' here, and the notebooks of disco_sim come with its source")
    assert disco_sim("lab", "--notebook-dir=other").stderr == ""
    assert asked == [["--notebook-dir=."], ["--notebook-dir=other"]]


def test_it_runs_as_a_module_and_shows_no_bar_in_a_pipe(tmp_path: Path) -> None:
    """`python -m disco_sim` is the same command; in a pipe, nothing but the script's output comes out."""
    command = [sys.executable, "-m", "disco_sim"]
    told = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    assert told.stdout == f"disco-sim, version {__version__}\n"
    ran = subprocess.run([*command, "run", script(tmp_path, COUNT)], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("[('be', 1), ('not', 1), ('or', 1), ('to', 1)]\n", "")


POINTS = """
class Point:
    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"Point({self.name})"

from disco.core import Job

class Points(Job):
    partitions = 2

    @staticmethod
    def map(line, params):
        from __main__ import Point
        yield Point(line), Point(line)

job = Points().run(input=["raw://a", "raw://b"], partition=lambda key, n, params: ord(key.name) % n)
job.wait()
"""


def test_objects_of_the_scripts_own_classes_are_shown(tmp_path: Path) -> None:
    """What the script has defined is there until all is printed and written; then __main__ is what it was."""
    before, page = sys.modules["__main__"], tmp_path / "page.html"
    result = disco_sim("run", "--partitions", "--report", str(page), script(tmp_path, POINTS))
    assert (result.exit_code, result.stderr) == (0, f"\nThe jobs as a page: {page}\n")
    assert "Point(a)" in result.stdout
    assert "cannot be shown" not in page.read_text(encoding="utf-8")
    assert sys.modules["__main__"] is before


def test_what_cannot_be_read_is_told_in_its_place(tmp_path: Path) -> None:
    """A class that the script has removed costs the table and the part of the page that need it, nothing more."""
    page = tmp_path / "page.html"
    path = script(tmp_path, f"{COUNT}{POINTS}\ndel Point\n")
    result = disco_sim("run", "--partitions", "--oob", "--report", str(page), path)
    assert result.exit_code == 0, result.output
    assert "cannot be shown: AttributeError: Can't get attribute 'Point'" in result.stdout
    assert "Out-of-band results of Points@" in result.stdout
    told = page.read_text(encoding="utf-8")
    assert "cannot be shown: AttributeError" in told
    assert told.count('<section class="dsim-part">') == 1


def test_the_page_is_written_where_it_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path of the page is seen from the folder that the command was given in, wherever the script goes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    path = script(tmp_path, f"import os\nos.chdir('elsewhere')\n{COUNT}")
    assert disco_sim("run", "--report", "page.html", path).exit_code == 0
    assert (tmp_path / "page.html").exists()


END = """
import atexit, threading, time
from disco.core import Job

def work(name):
    time.sleep(0.05)
    job = Job(name).run(input=["raw://a"], map=lambda line, params: [(line, 1)])
    job.wait()
    print(name, job.status)

@atexit.register
def last():
    work("last")

atexit.register(work, "first")
atexit.register(work, name="never")
atexit.unregister(last)
atexit.register(last)
atexit.register(lambda: 1 / 0)
threading.Thread(target=work, args=["thread"]).start()
threading.Thread(target=time.sleep, args=[60], daemon=True).start()
print("end")
"""


def test_threads_and_atexit_functions_have_open_clusters(tmp_path: Path) -> None:
    """As in Python: threads are waited for, then functions are called, the latest first, an error ends none of them."""
    result = disco_sim("run", "--partitions", script(tmp_path, END))
    assert result.exit_code == 0
    told = [line for line in result.stdout.splitlines() if line.endswith(("ready", "end"))]
    assert told == ["end", "thread ready", "last ready", "never ready", "first ready"]
    assert "ZeroDivisionError" in result.stderr
    assert [line.partition("@")[0] for line in result.stdout.splitlines() if line.startswith("Partitions")] == [
        f"Partitions of {name}" for name in ("thread", "last", "never", "first")
    ]


@pytest.mark.parametrize("closed", ["sys.stdout.close()", "sys.stdout = None", "os.close(1)"])
def test_a_script_may_close_the_output(tmp_path: Path, closed: str) -> None:
    """Tables that nobody could read on the standard output are printed on the other one."""
    path = script(tmp_path, f"import os, sys\n{COUNT}\nsys.stdout.flush()\n{closed}\n")
    ended = subprocess.run(
        [sys.executable, "-m", "disco_sim", "run", "--partitions", path], capture_output=True, text=True, check=False
    )
    assert ended.stdout == "[('be', 1), ('not', 1), ('or', 1), ('to', 1)]\n"
    assert "The script has closed the standard output" in ended.stderr
    assert "Partitions of count@" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("import disco.nosuch", "ModuleNotFoundError: No module named 'disco.nosuch'; disco_sim's disco has comm, "),
        ("from disco.util import nosuch", "ImportError: cannot import name 'nosuch' from 'disco.util'"),
        ("from disco import Disco", "cannot import name 'Disco' from 'disco'; it is in disco.core: from disco.core"),
        (
            "import disco\ndisco.Disco()",
            "module 'disco' has no attribute 'Disco'; it is in disco.core: from disco.core",
        ),
    ],
)
def test_what_disco_does_not_have_is_told_in_its_words(tmp_path: Path, line: str, told: str) -> None:
    """Errors of imports show the script's line alone, and speak of disco, whose name the script knows."""
    result = disco_sim("run", script(tmp_path, line))
    assert result.exit_code == 1
    assert told in result.stderr
    assert result.stderr.count("File ") == 1


def test_a_compiled_script_runs(tmp_path: Path) -> None:
    """A .pyc file is a script, too."""
    compiled = py_compile.compile(script(tmp_path, "print(__name__, 2 + 2)"), str(tmp_path / "script.pyc"))
    assert disco_sim("run", str(compiled)).stdout == "__main__ 4\n"
