"""Claims about external programs: what goes in and out, byte by byte, and how they end, whatever they do."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim import Disco, DiscoError, Job, JobError, result_iterator
from disco_sim.client.stepping import traced_steps
from disco_sim.func import chain_reader, map_line_reader, sum_reduce
from disco_sim.runtime.child import Child
from disco_sim.runtime.external import ExternalMap, ExternalReduce, external_program, files_of
from disco_sim.runtime.wire import LARGEST, encoded, packed, read_number, read_pairs, with_length
from disco_sim.util import external

DOCUMENT = Path(__file__).parents[2] / "docs" / "jobs.md"
COMPILER = shutil.which("cc")

HEAD = f"""\
#!{sys.executable} -IS
import os, struct, sys, time
source, target = sys.stdin.buffer, sys.stdout.buffer
def read():
    head = source.read(4)
    return source.read(*struct.unpack("<I", head)) if head else None
def write(*pairs):
    out = [struct.pack("<I", len(pairs))]
    for pair in pairs:
        for text in pair:
            out += struct.pack("<I", len(text)), text
    target.write(b"".join(out))
    target.flush()
def say(text):
    sys.stderr.write(text)
    sys.stderr.flush()
def records():
    while (key := read()) is not None:
        yield key, read()
"""
ECHO = "for pair in records(): write(pair)"


def program(body: str) -> dict[str, str]:
    """A program in Python, with what such programs need in front."""
    return {"op": HEAD + dedent(body)}


def from_document(language: str, inside: str) -> str:
    """The block of the documentation in this language that has `inside` in it."""
    blocks = re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    (found,) = [block for block in blocks if inside in block]
    return str(found)


def answer(disco: Disco, **parameters: Any) -> list[Any]:
    """The records of a job's result."""
    return list(result_iterator(disco.new_job("test", **parameters).wait()))


def death(disco: Disco, **parameters: Any) -> DiscoError:
    """Why a job died, at the first try."""
    job = disco.new_job("test", **{"input": ["raw://one\ntwo"], **parameters})
    with pytest.raises(JobError) as caught:
        job.wait()
    assert (job.status, len(job.tasks[job.tasks.status == "failed"])) == ("dead", 1)
    cause = caught.value.__cause__
    assert type(cause) is DiscoError
    return cause


def messages(job: Job) -> list[str]:
    """What the tasks of a job said."""
    log = job.log
    return [text for text, kind in zip(log.message, log.event, strict=True) if kind == "MessageSent"]


def is_gone(pid: int) -> bool:
    """Whether a process has ended: a child of ours at once, a grandchild as soon as the system has seen to it."""
    for _ in range(500):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        stat = Path(f"/proc/{pid}/stat")
        if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.01)
    return False


def gone(path: Path) -> bool:
    """Whether the process that wrote its number to a file has ended, and has been waited for."""
    try:
        os.kill(int(path.read_text()), 0)
    except ProcessLookupError:
        return True
    return False


# Byte by byte

anything = st.one_of(st.binary(max_size=50), st.text(max_size=50), st.integers(), st.none())


@given(st.lists(st.tuples(st.binary(max_size=300), st.binary(max_size=300))))
def test_pairs_come_back(pairs: list[tuple[bytes, bytes]]) -> None:
    """Pairs that are packed one behind the other are read as they were, and nothing is left."""
    stream = io.BytesIO(b"".join(map(packed, pairs)))
    assert list(read_pairs(stream.read, len(pairs))) == pairs
    assert read_number(stream.read) is None


@given(anything, anything)
def test_what_a_record_becomes(key: Any, value: Any) -> None:
    """Bytes are themselves, text is UTF-8, other objects are their text; no pair is a key with an empty value."""

    def as_bytes(thing: Any) -> bytes:
        return thing if isinstance(thing, bytes) else str(thing).encode()

    ((one, other),) = read_pairs(io.BytesIO(packed((key, value))).read, 1)
    assert (one, other) == (as_bytes(key), as_bytes(value))
    assert packed(key) == packed((key, b""))
    assert packed([key, value]) == packed(str([key, value]))


@given(st.tuples(st.binary(min_size=1, max_size=20), st.binary(max_size=20)), st.data())
def test_a_cut_pair_is_seen(pair: tuple[bytes, bytes], data: st.DataObject) -> None:
    """A pair that ends anywhere before its end is an error."""
    whole = packed(pair)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(ValueError, match=r"cut|ends before"):
        list(read_pairs(io.BytesIO(cut).read, 1))


@given(st.text(st.characters(min_codepoint=9, max_codepoint=126), min_size=4, max_size=8))
def test_text_is_no_number(text: str) -> None:
    """Text that stands where a number should be is seen by its first four bytes."""
    with pytest.raises(ValueError, match="are no number up to 134,217,728"):
        read_number(io.BytesIO(text.encode()).read)


def test_bytes_by_hand() -> None:
    """Numbers have their lowest byte first."""
    assert packed(("cat", 258)) == b"\3\0\0\0cat\3\0\0\x00258"
    assert with_length(b"x" * 258)[:4] == b"\2\1\0\0"
    assert read_number(io.BytesIO(b"\2\1\0\0").read) == 258


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (None, None),
        ({}, None),
        ("", b""),
        ("caf\xe9", b"caf\xc3\xa9"),
        (b"\xff\0", b"\xff\0"),
        ({"stop": "the", b"n": 3, "x": b"\xff"}, b"4 stop 3 the\n1 n 1 3\n1 x 1 \xff\n"),
    ],
)
def test_parameters(given: Any, sent: bytes | None) -> None:
    """Text and bytes are parameters as they are, a dict is a line of netstrings for each entry, in its order."""
    assert encoded(given) == sent


@pytest.mark.parametrize("given", [7, ["a"], {"a": ["b"]}, {"a": None}, {("a",): "b"}])
def test_parameters_that_no_program_could_read(disco: Disco, given: Any) -> None:
    """Parameters that have no form in bytes are refused when the job is submitted."""
    with pytest.raises(DiscoError, match=r"ext_params=.* was given; ext_params is text, bytes, or a dict") as caught:
        disco.new_job("test", input=["raw://x"], map=program(ECHO), ext_params=given)
    assert caught.value.argument == "ext_params"


def test_a_key_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that a program would have to take for garbage is not sent."""
    monkeypatch.setattr("disco_sim.runtime.wire.LARGEST", 10)
    assert len(packed("x" * 10)) == 18
    with pytest.raises(DiscoError, match=r"11 bytes were to be sent .* at most 10: cut the input"):
        packed("x" * 11)
    assert LARGEST == 2**27


# Jobs


def test_the_program_of_the_documentation(disco: Disco, tmp_path: Path) -> None:
    """One file is map and reduce, with parameters; partitions, and so the results, are those of functions."""
    path = tmp_path / "count.py"
    path.write_text(from_document("python", "#!/usr/bin/env").replace("/usr/bin/env python3", sys.executable))
    lines = ["raw://the cat the dog", "raw://a cat"]
    found = answer(
        disco, input=lines, map=external([str(path)]), reduce=external([str(path)]), ext_params="the a", partitions=2
    )

    def words(line: str, params: Any) -> list[tuple[str, int]]:
        return [(word, 1) for word in line.split() if word not in ("the", "a")]

    expected = answer(disco, input=lines, map=words, reduce=sum_reduce, partitions=2)
    assert found == [(word.encode(), b"%d" % count) for word, count in expected]
    assert sorted(found) == [(b"cat", b"2"), (b"dog", b"1")]


if COMPILER is not None:

    def test_the_c_program_of_the_documentation(disco: Disco, tmp_path: Path) -> None:
        """An executable maps; a function reduces what it gave."""
        (tmp_path / "words.c").write_text(from_document("c", "int main"))
        subprocess.run(
            [COMPILER, "-Wall", "-Wextra", "-Werror", "-o", tmp_path / "words", tmp_path / "words.c"], check=True
        )
        found = answer(
            disco,
            input=["raw://a bb a\n\nbb ccc"],
            map=external([str(tmp_path / "words")]),
            reduce=lambda pairs, params: [(key, len(list(ones))) for key, ones in kvgroup(pairs)],  # type: ignore[name-defined]
            sort=True,
        )
        assert found == [(b"a", 2), (b"bb", 2), (b"ccc", 1)]


def test_a_shell_script(disco: Disco) -> None:
    """A shell script is a program: as reduce it reads what it likes, and gets its role as an argument."""
    number = "printf '\\{:03o}\\000\\000\\000'".format
    script = f"#!/bin/sh\ncat >/dev/null\n{number(2)}\nfor i in 1 2; do {number(1)}$i{number(6)[7:]}$1; done\n"
    assert answer(disco, input=["raw://x"], reduce_reader=map_line_reader, reduce={"op": script}) == [
        (b"1", b"reduce"),
        (b"2", b"reduce"),
    ]


def test_files_stand_beside_the_program(disco: Disco) -> None:
    """The program runs in the task's folder, its files are in ext.map or ext.reduce, and required files are there."""
    body = """
        for key, value in records():
            where = os.path.relpath(__file__)
            write((where.encode(), open("ext.%s/list" % sys.argv[1], "rb").read() + open("extra", "rb").read()))
    """
    found = answer(
        disco,
        input=["raw://x"],
        map={**program(body), "list": b"files of map, "},
        reduce={**program(body), "list": b"files of reduce, "},
        required_files={"extra": b"and more"},
    )
    assert found == [(b"ext.reduce/op", b"files of reduce, and more")]
    found = answer(disco, input=["raw://x"], map={**program(body), "list": b""}, required_files={"extra": b"more"})
    assert found == [(b"ext.map/op", b"more")]


def test_a_combiner_a_partition_function_and_sort(disco: Disco) -> None:
    """The pairs of a program go through combiner, partition function and sort like those of a function."""

    def total(key: Any, value: Any, buffer: Any, done: Any, params: Any) -> Any:
        if done:
            return [(key, b"%d" % count) for key, count in buffer.items()]
        buffer[key] = buffer.get(key, 0) + int(value)
        return None

    job = disco.new_job(
        "test",
        input=["raw://b a b c a b", "raw://c"],
        map=program("for key, _ in records(): write(*[(word, b'1') for word in key.split()])"),
        combiner=total,
        partition=lambda key, n, params: key[0] % n,
        partitions=2,
        reduce=program(ECHO),
        sort=True,
    )
    assert list(result_iterator(job.wait())) == [(b"b", b"3"), (b"a", b"2"), (b"c", b"1"), (b"c", b"1")]
    assert job.partitions.records.tolist()[:2] == [1, 3]


def test_pairs_as_records(disco: Disco) -> None:
    """Records that are pairs are sent as such, also to a map; records of a reader that are none to a reduce, too."""
    first = disco.new_job("first", input=["raw://a b"], map=lambda line, params: [(word, 7) for word in line.split()])
    assert answer(disco, input=first.wait(), map_reader=chain_reader, map=program(ECHO)) == [(b"a", b"7"), (b"b", b"7")]
    found = answer(disco, input=["raw://a\nb"], reduce_reader=map_line_reader, reduce=program(ECHO))
    assert found == [(b"a", b""), (b"b", b"")]


def test_a_map_program_keeps_what_it_knows(disco: Disco) -> None:
    """One process does all records of a run, another one those of the next."""
    body = "for n, (key, _) in enumerate(records(), 1): write(*[(key, b'%d' % n)] * (n - 1))"
    found = answer(disco, input=["raw://a\nb\nc", "raw://d\ne"], map=program(body))
    assert found == [(b"b", b"2"), (b"c", b"3"), (b"c", b"3"), (b"e", b"2")]


def test_no_records(disco: Disco) -> None:
    """A map program is not started for nothing; a reduce program is, and may write."""
    assert answer(disco, input=["raw://"], map={"op": "is not run"}) == []
    assert answer(disco, input=["raw://"], map={"op": "is not run"}, reduce=program("write((b'n', b'0'))")) == [
        (b"n", b"0")
    ]


def test_resubmit(disco: Disco) -> None:
    """A job with a program can be submitted again, with other parameters, and with a function in its place."""
    body = "left = read()\nfor key, _ in records(): write((key, left))"
    job = disco.new_job("test", input=["raw://x"], map=program(body), ext_params="one")
    assert list(result_iterator(job.wait())) == [(b"x", b"one")]
    assert list(result_iterator(job.resubmit(ext_params={"two": 2}).wait())) == [(b"x", b"3 two 1 2\n")]
    assert job.jobspec()["ext_map"] is True
    with pytest.raises(DiscoError, match=r"ext_map=True was given, and map is .*give ext_map=False"):
        job.resubmit(map=sum_reduce)
    changed = job.resubmit(map=lambda entry, params: [(entry, 1)], ext_map=False, ext_params=None)
    assert list(result_iterator(changed.wait())) == [("x", 1)]


def test_a_job_class(disco: Disco) -> None:
    """A program can be an attribute of a Job's class."""

    class Echo(Job):
        map = program(ECHO)

    assert list(result_iterator(Echo(disco).run(input=["raw://x"]).wait())) == [(b"x", b"")]


# Much at a time


def test_reduce_writes_while_it_reads(disco: Disco) -> None:
    """A program that writes 10 MB before it has read 10 MB blocks nobody, and neither does one that says much."""
    n = 2500
    body = """
        for key, value in records():
            write((key, value + b"!"))
            say("x" * 200 + "\\n")
    """
    job = disco.new_job("test", input=disco.split([(f"{i}", "v" * 4000) for i in range(n)], 1), reduce=program(body))
    found = list(result_iterator(job.wait()))
    assert found == [(b"%d" % i, b"v" * 4000 + b"!") for i in range(n)]


def test_one_large_list(disco: Disco) -> None:
    """A reduce program may read all and then write all, in one list."""
    found = answer(
        disco,
        input=disco.split(range(50_000), 1),
        map=lambda number, params: [(number, "x" * 100)],
        reduce=program("write(*list(records()))"),
    )
    assert len(found) == 50_000
    assert found[-1] == (b"49999", b"x" * 100)


def test_a_map_with_large_records(disco: Disco) -> None:
    """A record and its answer may each be larger than a pipe holds."""
    record = "x" * 3_000_000
    assert answer(
        disco, input=disco.split([record], 1), map=program("for k, v in records(): write((k, k), (k, v))")
    ) == [
        (record.encode(), record.encode()),
        (record.encode(), b""),
    ]


def test_a_program_that_reads_little(disco: Disco) -> None:
    """A reduce program that ends before it has read all has ended well."""
    pairs = disco.split([("k", "v" * 1000)] * 5000, 1)
    assert answer(disco, input=pairs, reduce=program("write((read(), b'first'))")) == [(b"k", b"first")]


# What programs say


def test_messages(disco: Disco) -> None:
    """Each line of the error stream is a message; in map it comes with the record that is answered next."""
    body = r"""
        for key, value in records():
            say("**<MSG> got %s\nplain\r\n**<STA> other\n" % key.decode())
            write()
        say("no end of line")
    """
    job = disco.new_job("test", input=["raw://a\nb"], map=program(body))
    job.wait()
    said = [(one.at, one.level, one.text) for one in sent(job)]
    assert said == [
        (0.5, "MSG", "got a"), (0.5, "MSG", "plain"), (0.5, "MSG", "**<STA> other"),
        (1.0, "MSG", "got b"), (1.0, "MSG", "plain"), (1.0, "MSG", "**<STA> other"),
        (1.0, "MSG", "no end of line"), (1.0, "DONE", "Done: 2 entries mapped"),
    ]  # fmt: skip
    job = disco.new_job("test", input=["raw://a\nb"], reduce_reader=map_line_reader, reduce=program(body))
    job.wait()
    said = ["got a", "plain", "**<STA> other", "got b", "plain", "**<STA> other", "no end of line"]
    assert [(one.at, one.text) for one in sent(job)] == [(1.0, text) for text in (*said, "Done: 2 entries reduced")]


def sent(job: Job) -> list[Any]:
    """The messages of the first task of a job, computed once more."""
    from disco_sim.engine.inline import Inline

    stage = job.disco.plan(job.name)[0].name
    return list(Inline().compute(job.disco.cluster.work(job.name, stage, 0, 0)).messages)


@pytest.mark.parametrize("role", ["map", "reduce"])
def test_an_error_that_the_program_tells(disco: Disco, role: str) -> None:
    """A line **<ERR> ends the job with its text, whatever the program does then."""
    body = r"""
        key = read()
        say("before\n**<ERR> cannot count %s\nafter\n" % key.decode().strip())
        time.sleep(1000)
    """
    error = death(disco, input=["raw://cats"], **{role: program(body)}, reduce_reader=map_line_reader)
    assert str(error) == f"the external program of {role}:0 ended the job: cannot count cats"
    assert (error.task, error.text) == (f"{role}:0", "cannot count cats")


def test_an_error_at_the_end(disco: Disco) -> None:
    """A line **<ERR> that comes when all records are answered ends the job as well."""
    error = death(disco, map=program(ECHO + "\nsay('**<ERR> too few')"))
    assert error.text == "too few"


# What goes wrong


def test_exit_code(disco: Disco) -> None:
    """A program that fails while it should answer is told with its exit code, the record and its last lines."""
    body = r"""
        read(), read(), write(), read()
        say("".join("line %d\n" % i for i in range(9)))
        sys.exit(3)
    """
    error = death(disco, map=program(body))
    assert str(error) == (
        "the external program of map:0 ended with exit code 3 before it had answered the record 'two'; a program that "
        "did its work ends with exit code 0 once its standard input has ended. The last lines of its standard error: "
        "line 4 | line 5 | line 6 | line 7 | line 8"
    )
    assert error.code == 3


@pytest.mark.parametrize(("role", "when"), [("map", "after its last record"), ("reduce", "after its last record")])
def test_exit_code_at_the_end(disco: Disco, role: str, when: str) -> None:
    """A program that did all its work, but says that it failed, has failed."""
    error = death(disco, **{role: program(ECHO + "\nos._exit(4)")}, reduce_reader=map_line_reader)
    assert f"the external program of {role}:0 ended with exit code 4 {when}" in str(error)
    assert str(error).endswith("It wrote nothing to its standard error")


@pytest.mark.parametrize("role", ["map", "reduce"])
def test_signal(disco: Disco, role: str) -> None:
    """A program that crashes is told with the name of the signal."""
    error = death(disco, **{role: program("os.kill(os.getpid(), 11)")}, reduce_reader=map_line_reader)
    assert f"the external program of {role}:0 ended with signal SIGSEGV" in str(error)
    assert error.code == -signal.SIGSEGV


def test_an_early_end(disco: Disco) -> None:
    """A map program that ends well, but before it has answered all, keeps not to the format."""
    error = death(disco, map=program("read(), read(), write()"))
    assert (
        "the external program of map:0 does not keep to the format: it ended before it had answered the record 'two'"
        in str(error)
    )


@pytest.mark.parametrize("op", [b"", b"print('hello')\n", b"#!/no/such/interpreter\n", b"#!/bin/sh\r\nexit 0\r\n"])
@pytest.mark.parametrize("role", ["map", "reduce"])
def test_what_cannot_be_started(disco: Disco, role: str, op: bytes) -> None:
    """A file that the system cannot run ends the job at once, with what a program has to be."""
    error = death(disco, **{role: {"op": op}}, reduce_reader=map_line_reader)
    assert str(error).startswith(f"the external program of {role}:0 cannot be started: ")
    assert "a script whose first line is #!" in str(error)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("print('one', 1, flush=True); time.sleep(1000)", r"the bytes b'one ' are no number up to 134,217,728"),
        ("target.write(b'ab')", r"a number is cut after 2 of 4 bytes: b'ab'"),
        ("target.write(struct.pack('<4I', 2, 0, 0, 0))", "the output ends before the value of pair 2 of 2"),
        ("target.write(struct.pack('<II', 1, 9) + b'cut')", "the key of pair 1 of 1 is cut after 3 of 9 bytes"),
        (
            "target.write(struct.pack('<II', 1, 2**31)); target.flush(); time.sleep(1000)",
            r"the bytes .* are no number up to 134,217,728",
        ),
    ],
)
@pytest.mark.parametrize("role", ["map", "reduce"])
def test_garbage(disco: Disco, role: str, body: str, what: str) -> None:
    """What is not in the format is told with what is wrong, the format, and where to print to."""
    error = death(disco, **{role: program("say('hint\\n')\n" + body)}, reduce_reader=map_line_reader)
    assert re.search(rf"the external program of {role}:0 does not keep to the format: {what}; ", str(error))
    assert "print to the standard error" in str(error)
    assert str(error).endswith("The last lines of its standard error: hint")


def test_more_than_an_answer(disco: Disco) -> None:
    """What a map program writes after its last answer is told, not lost."""
    error = death(disco, map=program(ECHO + "\nwrite((b'total', b'2'))"))
    assert r"it wrote b'\x01\x00\x00\x00' after its last answer" in str(error)


# Nothing outlives its run

PID = "path = read().decode(); open(path, 'w').write(str(os.getpid()))\n"


@pytest.mark.parametrize("role", ["map", "reduce"])
@pytest.mark.parametrize(
    "body",
    [
        "print('garbage', flush=True); time.sleep(1000)",
        "import signal; signal.signal(15, signal.SIG_IGN); print('garbage', flush=True); time.sleep(1000)",
        "say('**<ERR> no\\n'); time.sleep(1000)",
        "sys.exit(1)",
    ],
)
def test_no_process_is_left_of_a_failed_run(disco: Disco, tmp_path: Path, role: str, body: str) -> None:
    """When the job has died the program is gone, also one that does not want to end."""
    death(
        disco,
        **{role: program(PID + body)},
        ext_params=str(tmp_path / "pid"),
        reduce_reader=map_line_reader,
    )
    assert gone(tmp_path / "pid")


def test_no_process_is_left_when_something_else_fails(disco: Disco, tmp_path: Path) -> None:
    """A partition function that raises ends the program of its run, too."""
    job = disco.new_job(
        "test",
        input=["raw://x"],
        map=program(PID + ECHO),
        partition=lambda key, n, params: 1 // 0,
        ext_params=str(tmp_path / "pid"),
    )
    with pytest.raises(JobError, match="ZeroDivisionError"):
        job.wait()
    assert gone(tmp_path / "pid")


@pytest.mark.parametrize("role", ["map", "reduce"])
def test_no_process_is_left_of_a_good_run(disco: Disco, tmp_path: Path, role: str) -> None:
    """A program that has done its work has been waited for."""
    answer(
        disco,
        input=["raw://x"],
        **{role: program(PID + ECHO)},
        ext_params=str(tmp_path / "pid"),
        reduce_reader=map_line_reader,
    )
    assert gone(tmp_path / "pid")


@pytest.mark.parametrize("role", ["map", "reduce"])
def test_an_interrupt(disco: Disco, tmp_path: Path, role: str) -> None:
    """Ctrl-C ends a program that answers nothing, with a note on why that may be; the job can be run again."""
    body = f"""
{PID}
if not os.path.exists(path + ".second"):
    open(path + ".second", "w").close()
    os.kill(os.getppid(), 2)
    time.sleep(1000)
{ECHO}
"""
    job = disco.new_job(
        "test",
        input=["raw://x"],
        **{role: program(body)},
        ext_params=str(tmp_path / "pid"),
        reduce_reader=map_line_reader,
    )
    with pytest.raises(KeyboardInterrupt) as caught:
        job.wait()
    assert "flush the standard output" in caught.value.__notes__[0]
    assert gone(tmp_path / "pid")
    assert list(result_iterator(job.resubmit().wait())) == [(b"x", b"")]


def test_what_a_program_has_started_ends_with_it(disco: Disco, tmp_path: Path) -> None:
    """A process that the program leaves behind, with its pipes still open, keeps no job waiting and is ended."""
    script = "#!/bin/sh\ncat >/dev/null\nsleep 1000 &\necho $! >PATH\nprintf '\\000\\000\\000\\000'\n"
    script = script.replace("PATH", str(tmp_path / "pid"))
    assert answer(disco, input=["raw://x"], reduce_reader=map_line_reader, reduce={"op": script}) == []
    assert is_gone(int((tmp_path / "pid").read_text()))


# What is refused


@pytest.mark.parametrize(
    ("parameters", "argument", "said"),
    [
        ({"map": {}}, "map", "map is an external program with the files none; the one that is run .* 'op'"),
        ({"map": {"count.py": b""}}, "map", "the files 'count.py'; .* is missing: map=external"),
        ({"reduce": {"op": 7}}, "reduce", "reduce is an external program whose file 'op' is of type int"),
        ({"map": {"op": b"", "../x": b""}}, "map", "a file of the name '../x'; names stay inside"),
        ({"map": {"op": b"", 3: b""}}, "map", "a file of the name 3; names stay inside"),
        ({"map": sum_reduce, "ext_map": True}, "map", "ext_map=True was given, and map is <function sum_reduce"),
        ({"ext_map": True}, "map", "ext_map=True was given, and map is None"),
        ({"map": sum_reduce, "reduce": sum_reduce, "ext_reduce": True}, "reduce", "ext_reduce=True was given"),
        ({"map": sum_reduce, "ext_params": {"a": 1}}, "ext_params", "neither map nor reduce is one"),
    ],
)
def test_what_is_refused(disco: Disco, parameters: Any, argument: str, said: str) -> None:
    """What cannot be a program, or parameters of one, is refused at submission with the way to write it."""
    with pytest.raises(DiscoError, match=said) as caught:
        disco.new_job("test", input=["raw://x"], **parameters)
    assert caught.value.argument == argument


def test_a_system_without_process_groups(disco: Disco, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a program could not be ended with all that it started, it is refused at submission."""
    monkeypatch.delattr(os, "killpg")
    with pytest.raises(DiscoError, match="map is an external program, which can be run on Linux, macOS and other Unix"):
        disco.new_job("test", input=["raw://x"], map=program(ECHO))


def test_no_parameters_are_no_program(disco: Disco) -> None:
    """An empty dict of parameters, the default of later Discos, is none."""
    assert answer(disco, input=["raw://x"], map=lambda line, params: [(line, 1)], ext_params={}) == [("x", 1)]


def test_a_required_file_in_the_place_of_a_program(disco: Disco) -> None:
    """Required files and those of a program do not overwrite each other."""
    with pytest.raises(DiscoError, match=r"required_files has the name 'ext\.map/op', and ext\.map is the folder"):
        disco.new_job("test", input=["raw://x"], map=program(ECHO), required_files={"ext.map/op": b""})


@pytest.mark.parametrize("call", [ExternalMap({}), lambda *_: list(ExternalReduce({})([], None))])
def test_a_program_outside_of_a_task(call: Callable[..., Any]) -> None:
    """A program is no function that anybody can call."""
    with pytest.raises(DiscoError, match=r"outside of a (map|reduce) task; it can only be run by a job"):
        call("x", None)


def test_files_travel_once() -> None:
    """The files are in the program of the job, not once more in its parameters."""
    import pickle

    one = external_program("map", {"op": b"x" * 1000, "list": "y"}, "p")
    assert files_of(one) == {"ext.map/op": b"x" * 1000, "ext.map/list": b"y"}
    assert len(pickle.dumps(one)) < 200
    assert repr(one) == "ExternalMap(list, op)"
    assert pickle.loads(pickle.dumps(one)).parameters == b"p"
    assert files_of(sum_reduce) == files_of(None) == {}


# Looking in


def test_the_stepper_shows_what_goes_in_and_out(disco: Disco) -> None:
    """A job with programs can be gone through step by step, and gives the same again."""
    job = disco.new_job(
        "test",
        input=["raw://a\nb"],
        map=program("for n, (key, _) in enumerate(records()): write((key, b'%d' % n))"),
        reduce=program(ECHO),
    )
    job.wait()
    told = traced_steps(job.disco.cluster, job.disco.history.job(job.name), 100)
    assert told["notes"] == []
    text = repr(told["steps"])
    assert "b'a'" in text
    assert "b'1'" in text


@pytest.mark.parametrize("task", ["map:0", "reduce:0"])
def test_debug_says_that_it_cannot(disco: Disco, task: str) -> None:
    """Python's debugger cannot go into a program, and says so; it can go into a function beside one."""
    job = disco.new_job("test", input=["raw://x"], map=program(ECHO), reduce=program(ECHO))
    job.wait()
    with pytest.raises(DiscoError, match=f"{task} on node0. runs an external program, where Python's debugger"):
        job.debug(task)


def test_profile(disco: Disco) -> None:
    """A job with programs can be profiled."""
    job = disco.new_job("test", input=["raw://x"], map=program(ECHO), reduce=program(ECHO), profile=True)
    assert list(result_iterator(job.wait())) == [(b"x", b"")]
    assert sorted(job.oob) == ["profile-map-0", "profile-reduce-0"]


# The child process


@pytest.fixture
def cat() -> Iterator[Child]:
    """A child that answers what it is sent, and says nothing."""
    child = Child(["cat"], lambda line: None)
    yield child
    child.close()


def test_a_child_answers(cat: Child) -> None:
    """What is sent comes back in pieces of any size, more than a pipe holds, and the end is seen."""
    data = bytes(range(256)) * 4000
    cat.send(data[:10])
    cat.send(data[10:])
    assert cat.read(1) + cat.read(500_000) == data[:500_001]
    assert not cat.is_ended
    assert cat.finish() == 0
    assert cat.read(10**7) == data[500_001:]
    assert cat.is_ended
    cat.close()
    cat.close()


def test_sending_to_one_that_is_gone() -> None:
    """A child that reads nothing is no error, and its exit code is told."""
    child = Child(["sh", "-c", "exit 5"], lambda line: None)
    child.send(b"x" * 10**6)
    child.send(b"y", is_last=True)
    assert child.read(1) == b""
    assert child.finish() == 5
    child.send(b"z")
    child.close()


def test_lines_of_a_child() -> None:
    """Lines are told in order, a last one without an end too, and bytes that are no text do not matter."""
    lines: list[str] = []
    child = Child(["sh", "-c", r"printf 'a\n\nb\377\nc' >&2"], lines.append)
    assert child.finish() == 0
    assert lines == ["a", "", "b�", "c"]
    child.close()


def test_waiting_costs_a_task_no_virtual_time() -> None:
    """A program that takes its time, even when it is to end, adds no virtual seconds: only counts do."""
    durations = []
    for seconds in (0.3, 0):
        with Disco(nodes=1) as disco:
            body = f"time.sleep({seconds})\n{ECHO}\ntime.sleep({seconds})"
            job = disco.new_job("test", input=["raw://x"], map=program(body))
            job.wait()
            durations.append(job.phases.seconds.tolist())
    assert durations[0] == durations[1]


def test_what_left_the_session_is_not_waited_for(disco: Disco) -> None:
    """A program that is done is not waited for when something it started has left its session and keeps its pipes."""
    body = """
        import subprocess
        source.read()
        child = subprocess.Popen(["sleep", "30"], start_new_session=True)
        say("started %d" % child.pid)
        write((b"k", b"v"))
    """
    started_s = time.monotonic()
    job = disco.new_job("test", input=["raw://a"], map=lambda line, params: [(line, 1)], reduce=program(body))
    assert list(result_iterator(job.wait())) == [(b"k", b"v")]
    assert time.monotonic() - started_s < 15
    (line,) = [line for line in job.log.message if "started" in line]
    os.kill(int(line.rpartition(" ")[2]), signal.SIGKILL)
