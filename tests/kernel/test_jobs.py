"""Jobs in a live kernel: errors, debuggers, interrupts and prints are where a notebook's reader looks for them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.kernel.conftest import Kernel

pytestmark = pytest.mark.kernel

START = """
from functools import partial
from disco_sim import Disco, Params, result_iterator

disco = Disco()
"""

FIRST_WORDS = """
def first_words(line, params):
    words = line.split()
    yield words[0], len(words)
"""

COUNT = """
def fun_map(line, params):
    words = line.split()
    for word in words:
        yield word, 1

def fun_reduce(pairs, params):
    entries = sorted(pairs)
    for word, counts in kvgroup(entries):
        yield word, sum(counts)

job = disco.new_job(name="count", input=["raw://to be", "raw://or not"], map=fun_map, reduce=fun_reduce, partitions=2)
results = dict(result_iterator(job.wait(show=False)))
before = repr(list(disco.cluster.log)), job._repr_mimebundle_(), repr(disco)
"""

IS_UNCHANGED = (
    "assert (repr(list(disco.cluster.log)), job._repr_mimebundle_(), repr(disco)) == before\n"
    "assert dict(result_iterator(job.wait())) == results\n"
    "'unchanged'"
)


@pytest.fixture
def cluster(kernel: Kernel) -> Kernel:
    """A kernel with a Disco in it."""
    assert kernel.execute(START) == ""
    return kernel


@pytest.fixture
def broken(cluster: Kernel) -> Kernel:
    """A kernel whose last cell ended in the error of a job function."""
    shown = cluster.execute(
        f"{FIRST_WORDS}\nbroken = disco.new_job(name='broken', input=['raw://to be', 'raw:// '], map=first_words)\n"
        "broken.wait()"
    )
    assert "JobError" in shown
    return cluster


def test_an_error_is_shown_with_frames_of_the_notebook_only(cluster: Kernel):
    """Below a failed wait() stand the cell, the user's function and what to do, and nothing of disco_sim's inside."""
    shown = cluster.execute(f"{FIRST_WORDS}\ndisco.new_job(name='broken', input=['raw:// '], map=first_words).wait()")
    assert re.findall(r"^(?:Cell|File) .*", shown, re.MULTILINE) == [
        "Cell In[2], line 5",
        "Cell In[2], line 3, in first_words(line, params)",
    ]
    assert shown.count("IndexError: list index out of range") == 1
    assert "What to do: job.story('map:0')" in shown


def test_an_error_behind_the_error_is_shown_too(cluster: Kernel):
    """When a job function raises one error from another, both are there, again without frames of disco_sim."""
    shown = cluster.execute(
        """
def fun_map(line, params):
    try:
        int(line)
    except ValueError as error:
        raise LookupError("no number") from error

disco.new_job(name="broken", input=["raw://a"], map=fun_map).wait()
"""
    )
    assert "ValueError: invalid literal" in shown
    assert "LookupError: no number" in shown
    assert "disco_sim" not in shown


def test_an_error_inside_disco_sim_is_not_shown_behind_its_message(cluster: Kernel, tmp_path: Path):
    """What could not be decoded, or not be pickled, is told by one error, below the line of the cell that led to it."""
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    shown = cluster.execute("disco.new_job(name='x', input=['latin.txt'], map=lambda line, params: []).wait()")
    assert re.findall(r"^(?:Cell|File) .*", shown, re.MULTILINE) == ["Cell In[2], line 1"]
    assert "DataError: No UTF-8 text at byte 3" in shown
    assert "UnicodeDecodeError" not in shown
    shown = cluster.execute(
        "disco.new_job(name='x', input=['raw://a'], map=print, params=Params(file=open('latin.txt')))"
    )
    assert re.findall(r"^(?:Cell|File) .*", shown, re.MULTILINE) == ["Cell In[3], line 1"]


def test_a_recursion_without_end_is_shown_by_its_ends(cluster: Kernel):
    """Of a thousand calls the first and the last few are shown, and the debugger still stands in the last one."""
    shown = cluster.execute(
        """
def fun_map(line, params):
    def deeper(n):
        return deeper(n + 1)
    return deeper(0)

disco.new_job(name="deep", input=["raw://a"], map=fun_map).wait()
"""
    )
    assert 10 < len(re.findall(r"^Cell .*", shown, re.MULTILINE)) <= 20
    assert "RecursionError" in shown
    assert re.search(r"p n\n\d{3}", cluster.execute("%debug", answers=["p n", "q"]))


def test_a_wrong_argument_is_shown_below_the_cell_alone(cluster: Kernel):
    """What new_job refuses has the line of the cell and the message, and a job function that is impure too."""
    shown = cluster.execute("disco.new_job(name='x', input=['raw://a'], map=lambda line, params: [], maps=2)")
    assert re.findall(r"^(?:Cell|File) .*", shown, re.MULTILINE) == ["Cell In[2], line 1"]
    assert "did you mean 'map'" in shown
    shown = cluster.execute("disco.new_job(name='x', input=['raw://a'], map=lambda line, params: disco)")
    assert re.findall(r"^(?:Cell|File) .*", shown, re.MULTILINE) == ["Cell In[3], line 1"]
    assert "PurityError" in shown


def test_post_mortem_reads_a_local_variable_of_the_job_function(broken: Kernel):
    """%debug after a failed wait() stops in the map generator, and one frame up is the cell."""
    shown = broken.execute("%debug", answers=["p line, words", "up", "q"])
    assert "(' ', [])" in shown
    assert "----> 6 broken.wait()" in shown


def test_the_error_of_a_job_is_readable_as_a_value(broken: Kernel):
    """job.error at the end of a cell is shown with its line breaks, not as a repr."""
    shown = broken.execute("broken.error")
    assert shown.startswith("JobError: Job broken@")
    assert "\n  record at hand: ' '\n" in shown


def test_debug_of_a_failed_job_stops_where_it_failed(broken: Kernel):
    """job.debug() says what fails, stops there, and reads a local variable of the job function."""
    shown = broken.execute("broken.debug()", answers=["p words", "q"])
    assert shown.startswith("map:1 on node02 fails: IndexError: list index out of range\n")
    assert "----> 3     yield words[0], len(words)" in shown
    assert "p words\n[]\n" in shown


@pytest.mark.parametrize("end", ["c", "q"])
def test_debug_of_a_healthy_job_stops_at_the_first_line(cluster: Kernel, end: str):
    """Steps and prints work from the first line of the function on, and nothing of the job is changed."""
    assert cluster.execute(COUNT) == ""
    shown = cluster.execute("job.debug()", answers=["p line", "n", "n", "p words", end])
    first, second, third = re.findall(r"^-+> (\d+)", shown, re.MULTILINE)
    assert (first, second, third) == ("2", "3", "4")
    assert "'to be'" in shown
    assert "['to', 'be']" in shown
    assert "disco_sim" not in shown
    assert cluster.execute(IS_UNCHANGED) == "'unchanged'\n"


def test_debug_of_a_reduce_task(cluster: Kernel):
    """A task is named by stage and number; the reduce function sees the pairs of its partition again."""
    assert cluster.execute(COUNT) == ""
    shown = cluster.execute("job.debug('reduce:1')", answers=["n", "p entries", "c"])
    assert "p entries\n[('be', 1), ('or', 1), ('to', 1)]\n" in shown or "('" in shown
    assert cluster.execute(IS_UNCHANGED) == "'unchanged'\n"


@pytest.mark.parametrize(
    "function", ["lambda line, params: [(line, 1)]", "partial(lambda factor, line, params: [(line, factor)], 3)"]
)
def test_debug_of_other_kinds_of_functions(cluster: Kernel, function: str):
    """A lambda and a partial are entered just like a function made by def."""
    cluster.execute(f"job = disco.new_job(name='x', input=['raw://a b'], map={function})\njob.wait()")
    assert "p line\n'a b'\n" in cluster.execute("job.debug()", answers=["p line", "c"])


def test_a_debugger_started_by_a_job_function_talks_to_the_user(cluster: Kernel):
    """pdb.set_trace() inside a map function shows where it is before it asks; other prints go the way of prints."""
    shown = cluster.execute(
        """
def fun_map(line, params):
    print("before")
    import pdb; pdb.set_trace()
    length = len(line)
    yield line, length

disco.new_job(name="x", input=["raw://abc"], map=fun_map).wait(show=False)[:0]
""",
        answers=["n", "p len(line)", "c"],
    )
    assert shown.startswith("> ")
    assert "p len(line)\n3\n" in shown
    assert shown.endswith("c\nbefore\n[]\n")


def test_an_interrupt_ends_the_job_and_keeps_what_happened(cluster: Kernel, tmp_path: Path):
    """The stop button ends a map function that never would; the job can be looked into, and the next one runs."""
    begun = tmp_path / "begun"
    code = f"""
def forever(line, params):
    open({str(begun)!r}, "w").close()
    while True: pass

job = disco.new_job(name="forever", input=["raw://a"], map=forever)
job.wait()
"""
    with cluster.interrupted_when(begun.exists):
        shown = cluster.execute(code)
    assert "KeyboardInterrupt" in shown
    assert re.findall(r"^(?:Cell|File) .*", shown, re.MULTILINE) == [
        "Cell In[2], line 6",
        "Cell In[2], line 3, in forever(line, params)",
    ]
    assert cluster.execute("print(job.status, job.error.reason)") == "dead interrupted\n"
    assert cluster.execute("print(*job.tasks.loc[0, ['host', 'status']])") == "node01 lost\n"
    assert "reason: interrupted" in cluster.execute("job")
    assert "Task lost" in cluster.execute("job.story('map:0')")
    assert cluster.execute(COUNT + "sorted(results)") == "['be', 'not', 'or', 'to']\n"


def test_prints_of_job_functions_appear_in_virtual_order(cluster: Kernel):
    """What tasks print stands below the cell, in the order of virtual time, whatever order they were computed in."""
    shown = cluster.execute(
        """
import time

def fun_map(line, params):
    time.sleep(float(line))
    print("slept", line)
    yield line, 1

def fun_reduce(pairs, params):
    print("reduced", len(list(pairs)))
    return []

disco.new_job(name="x", input=["raw://5", "raw://9", "raw://1"], map=fun_map, reduce=fun_reduce).wait(show=False)[:0]
"""
    )
    assert shown == "slept 1\nslept 5\nslept 9\nreduced 3\n[]\n"


def test_a_cell_that_makes_a_disco_can_be_run_again(cluster: Kernel):
    """A new Disco takes jobs at once, and what the old one made can still be read."""
    assert cluster.execute(COUNT + "urls = job.wait()") == ""
    assert cluster.execute("disco = Disco()\nprint(disco.master)") == "master:8990\n"
    assert cluster.execute("print(sorted(result_iterator(urls)) == sorted(results.items()))") == "True\n"
    assert cluster.execute(COUNT + "job.status") == "'ready'\n"
