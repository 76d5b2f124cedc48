"""Worker processes: what is computed in which of them, how they end, and that nothing waits for one that is gone."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from textwrap import dedent

import pytest

from disco_sim import Disco, DiscoError, JobError, Params, result_iterator
from disco_sim.compat.dialect import V05
from disco_sim.engine.ahead import Run
from disco_sim.engine.inline import Inline
from disco_sim.engine.pool import Pool
from disco_sim.engine.processes import Processes
from disco_sim.func import chain_reader, sum_reduce
from disco_sim.model import events
from tests.clusters import of_kind

INPUTS = ["raw://a", "raw://b", "raw://c", "raw://d", "raw://e", "raw://f"]


@pytest.fixture(scope="module")
def shared():
    with Processes(workers=2) as engine:
        yield engine


@pytest.fixture
def disco(shared):
    with Disco(nodes=2, slots=1, engine=shared) as one:
        yield one


def results(disco, map, **parameters):
    job = disco.new_job(name="job", **{"input": INPUTS, "map": map, **parameters})
    return list(result_iterator(job.wait(show=False)))


def death(disco, map, **parameters):
    """The error of a job that dies."""
    with pytest.raises(JobError) as caught:
        results(disco, map, **parameters)
    return caught.value


def process(line, params):
    import os

    yield line, os.getpid()


def processes_of(disco):
    """The worker processes that compute, as they are now."""
    return {pid for _, pid in results(disco, process)}


def is_gone(pid):
    """Whether a process ends within a few seconds, with all its threads: while one is there, its socket is open."""
    for _ in range(500):
        try:
            with open(f"/proc/{pid}/stat") as stat:
                is_zombie = stat.read().rpartition(")")[2].split()[0] == "Z"
            if is_zombie and len(os.listdir(f"/proc/{pid}/task")) == 1:
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.01)
    return False


# What is computed where


def test_runs_are_spread(disco):
    """As many processes compute as were asked for, none of them this one, and they are the same for the next job."""
    found = processes_of(disco)
    assert len(found) == 2 and os.getpid() not in found
    assert processes_of(disco) == found


def appended(line, params):
    with open(params.path, "a") as file:
        file.write(line)
    yield line, 1


def test_each_run_is_computed_once(disco, tmp_path):
    """What is computed ahead is used: no function is called twice for a record."""
    path = tmp_path / "calls"
    assert len(results(disco, appended, params=Params(path=str(path)))) == 6
    assert sorted(path.read_text()) == list("abcdef")


def test_what_asks_where_it_is_has_done_nothing(disco, tmp_path):
    """A run that is ahead of its start ends when it asks for its host, and is computed again when that is known."""

    def fun_map(line, params):
        host = this_host()
        with open(params.path, "a") as file:
            file.write(line)
        yield line, host

    path = tmp_path / "calls"
    found = results(disco, fun_map, params=Params(path=str(path)))
    assert {host for _, host in found} == {"node01", "node02"}
    assert sorted(path.read_text()) == list("abcdef")


def test_what_may_catch_everything(disco):
    """A function that catches even what ends a run ahead of its start sees the true host all the same."""

    def fun_map(line, params):
        try:
            yield line, this_host()
        except BaseException:
            yield line, "somewhere"

    found = results(disco, fun_map)
    assert len(found) == 6 and {host for _, host in found} == {"node01", "node02"}


def test_out_of_band_results_of_the_stage_before_are_known_ahead(disco, tmp_path):
    """Reduce tasks that get() what map tasks have put are computed ahead, too, and once."""

    def fun_map(line, params):
        put(f"line:{this_partition()}", line)
        yield line, 1

    def fun_reduce(pairs, params):
        got = [get(f"line:{number}", default="none") for number in range(7)]
        with open(params.path, "a") as file:
            file.write("x")
        yield __import__("os").getpid(), got

    path = tmp_path / "calls"
    found = results(disco, fun_map, reduce=fun_reduce, partitions=4, params=Params(path=str(path)))
    assert [got for _, got in found] == [[*"abcdef", "none"]] * 4
    assert len({pid for pid, _ in found}) == 2
    assert path.read_text() == "xxxx"


def test_what_cannot_leave_is_computed_here(shared):
    """Functions that keep their notebook's names are computed in this process."""
    seen = []

    def fun_map(line, params):
        seen.append(line)
        yield line, __import__("os").getpid()

    with Disco(engine=shared, namespace="notebook") as disco:
        assert {pid for _, pid in results(disco, fun_map)} == {os.getpid()}
    assert sorted(seen) == list("abcdef")


class Kept:
    """An object of the test's own, whose module a worker process does not find."""

    def __init__(self, text):
        self.text = text


def test_classes_that_only_this_process_has(disco, monkeypatch):
    """Parameters of a class of `__main__`, as a notebook's are, keep the job in this process."""

    def fun_map(line, params):
        import os

        yield line, (params.kept.text, os.getpid())

    monkeypatch.setattr(Kept, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "Kept", Kept, raising=False)
    found = results(disco, fun_map, params=Params(kept=Kept("here")))
    assert {value for _, value in found} == {("here", os.getpid())}


@pytest.mark.parametrize("n_records", [2, 3000])
def test_records_of_classes_that_only_this_process_has(disco, monkeypatch, n_records):
    """So do records of such a class, whether they are sent along or asked for."""

    def fun_map(record, params):
        import os

        yield record.text, os.getpid()

    monkeypatch.setattr(Kept, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "Kept", Kept, raising=False)
    inputs = disco.split([Kept(f"record {number}") for number in range(n_records)], 2)
    found = results(disco, fun_map, input=inputs)
    assert len(found) == n_records and {pid for _, pid in found} == {os.getpid()}


def test_failures_with_records_stay_where_they_are(disco):
    """That records can be loaded is seen: a function that fails at one is not called again in this process."""

    def fun_map(record, params):
        import os

        raise ValueError(os.getpid())
        yield

    assert death(disco, fun_map, input=disco.split([{1: 2}, {3: 4}], 2)).__cause__.args != (os.getpid(),)


def puts(line, params):
    class Special(str):
        pass

    put(line, Special("x"))
    yield line, __import__("os").getpid()


def gets(pairs, params):
    class Special(str):
        pass

    yield get(Special("k"), default="none"), __import__("os").getpid()


@pytest.mark.parametrize("functions", [{"map": puts}, {"map": process, "reduce": gets}])
def test_outcomes_and_questions_that_cannot_travel(disco, functions):
    """What holds an object of a class that only the function has is computed in this process, and no process dies."""
    before = processes_of(disco)
    assert {pid for _, pid in results(disco, **functions)} == {os.getpid()}
    assert processes_of(disco) == before


def test_a_program_that_is_refused_while_its_runs_wait(shared):
    """A run that is still to be given to a process is not given any more: it ends, not computed."""

    def fun_map(line, params):
        yield line, 1

    with Disco(engine=shared) as disco:
        job = disco.new_job(name="job", input=["raw://a"], map=fun_map)
        job.wait(show=False)
        work = disco.cluster.work(job.name, "map", 0, 0)
    pool = Pool(1)
    try:
        assert pool.takes(work.program)
        pool._programs[id(work.program)] = pool._program(work.program)._replace(data=None)
        run = Run(work)
        pool.compute(run)
        assert (run.is_ended, run.outcome, run.error) == (True, None, None)
    finally:
        pool.end()


def test_functions_that_use_a_disco(shared):
    """A job function that reads another job's results gets them: it is computed where the Discos are."""

    def fun_map(line, params):
        from disco_sim import result_iterator

        yield line, list(result_iterator(params.urls))

    with Disco(engine=shared) as disco:
        urls = disco.new_job(name="first", input=["raw://a"], map=process).wait()
        assert len(results(disco, fun_map, params=Params(urls=urls))[0][1]) == 1


def test_the_environment_is_that_of_now(disco, monkeypatch, tmp_path):
    """Variables, arguments and the search path that change after the processes have started are seen."""

    def fun_map(line, params):
        import os
        import sys

        import made_just_now

        yield os.environ["DISCO_TEST"], (sys.argv[-1], made_just_now.ANSWER)

    processes_of(disco)
    (tmp_path / "made_just_now.py").write_text("ANSWER = 42")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("DISCO_TEST", "set")
    monkeypatch.setattr(sys, "argv", ["notebook", "last"])
    assert results(disco, fun_map, input=["raw://a"]) == [("set", ("last", 42))]


def test_the_environment_between_two_steps(shared, monkeypatch):
    """What is changed while a job is stopped is seen by the runs that start afterwards, and by no others."""

    def fun_map(line, params):
        yield line, __import__("os").environ.get("DISCO_TEST", "none")

    def found(engine):
        monkeypatch.delenv("DISCO_TEST", raising=False)
        with Disco(engine=engine, nodes=1, slots=1) as disco:
            job = disco.new_job(name="job", input=INPUTS, map=fun_map)
            disco.step(until=disco.now_s + 2)
            monkeypatch.setenv("DISCO_TEST", "set")
            return list(result_iterator(job.wait()))

    assert found(shared) == found(Inline())
    assert {value for _, value in found(shared)} == {"none", "set"}


def test_input_that_is_purged_meanwhile(shared):
    """Tasks whose input is gone when they start fail, though it was there when they were computed."""

    def fun_map(pair, params):
        __import__("time").sleep(5)
        yield pair

    def told(engine):
        with Disco(engine=engine, nodes=1, slots=1) as disco:
            first = disco.new_job(name="first", input=INPUTS, map=lambda line, params: [(line, 1)])
            second = disco.new_job(name="second", input=first.wait(), map=fun_map, map_reader=chain_reader)
            disco.step(until=disco.now_s + 3)
            disco.purge(first.name)
            with pytest.raises(JobError):
                second.wait(show=False)
            return [str(event) for event in disco.cluster.log]

    assert told(shared) == told(Inline())


def test_sets_have_one_order_in_all_processes(shared):
    """What the order of a set decides is the same in every process."""

    def fun_map(line, params):
        yield __import__("os").getpid(), list({"to", "be", "or", "not", "that", "is"})

    with Disco(engine=shared) as disco:
        found = results(disco, fun_map)
    assert len({pid for pid, _ in found}) == 2
    assert len({tuple(order) for _, order in found}) == 1


def test_large_outcomes(disco):
    """Outputs, inputs and messages of any size go both ways, though both sides have much to say at once."""

    def fun_map(line, params):
        for number in range(1000):
            yield f"{line}{number}", line * 10
        print("x" * 300_000)

    def fun_reduce(pairs, params):
        yield from ((key, value) for key, value in pairs if key.endswith("999"))

    lines = [f"{number}{'y' * 199}" for number in range(8)]
    inputs = disco.split([line for line in lines for _ in range(4)], 8)
    found = results(disco, fun_map, input=inputs, reduce=fun_reduce, partitions=3)
    assert len(found) == 8 * 4
    assert {len(value) for _, value in found} == {2000}


def test_two_discos_share_an_engine(shared):
    """Jobs of two clusters that go on in turn, with the same names, do not get into each other's way."""

    def fun_map(line, params):
        yield line, params.what

    with Disco(engine=shared, nodes=2) as one, Disco(engine=shared, nodes=2) as other:
        jobs = [
            disco.new_job(name="job", input=INPUTS, map=fun_map, reduce=sum_reduce, params=Params(what=what))
            for disco, what in ((one, 1), (other, 2))
        ]
        while one.step(run=True) or other.step(run=True):
            other.step()
        assert [sorted(result_iterator(job.wait())) for job in jobs] == [
            [(letter, what) for letter in "abcdef"] for what in (1, 2)
        ]
    # A later one has the name, the port and the number of jobs of an earlier one.
    with Disco(engine=shared, nodes=2) as third:
        assert results(third, fun_map, params=Params(what=3)) == [(letter, 3) for letter in "abcdef"]


def test_threads_share_an_engine(shared):
    """Discos that are moved by threads of their own wait for each other, and that is all."""

    def fun_map(line, params):
        yield line, params.what

    found = {}

    def work(what):
        with Disco(engine=shared, nodes=2) as disco:
            for _ in range(3):
                got = results(disco, fun_map, reduce=sum_reduce, sort=True, params=Params(what=what))
                found.setdefault(what, []).append(got)

    threads = [threading.Thread(target=work, args=(what,)) for what in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {what: [[(letter, what) for letter in "abcdef"]] * 3 for what in range(3)}


# Errors


def test_errors_come_back(disco):
    """The cause of a JobError is the function's own error, with what is behind it, and its frames as a note."""

    def fun_map(line, params):
        try:
            yield undefined
        except NameError as error:
            raise OverflowError("too much", 3) from error

    error = death(disco, fun_map)
    cause = error.__cause__
    assert isinstance(cause, OverflowError) and cause.args == ("too much", 3)
    assert isinstance(cause.__cause__, NameError) and cause.__cause__.name == "undefined"
    assert "raise OverflowError" in error.lines
    assert "in fun_map" in cause.__notes__[0]


def test_errors_that_cannot_travel(disco):
    """An error of a class that only the function has comes back as one that says its type and its message."""

    def fun_map(line, params):
        class Special(Exception):
            pass

        raise Special("so it is")
        yield

    error = death(disco, fun_map)
    assert "Special: so it is" in str(error)
    assert type(error.__cause__) is DiscoError and "Special: so it is" in str(error.__cause__)


def test_debuggers_have_no_keyboard(disco):
    """breakpoint() and pdb in a worker process end the job, with a word about where they work."""

    def stops(line, params):
        breakpoint()
        yield line, 1

    def traced(line, params):
        import pdb

        pdb.set_trace()
        yield line, 1

    for fun_map in (stops, traced):
        assert "job.debug() runs a task again" in str(death(disco, fun_map))


def test_input_ends_at_once(disco):
    """A function that asks the user finds nobody, and does not wait."""

    def fun_map(line, params):
        yield line, input("? ")

    assert isinstance(death(disco, fun_map).__cause__, EOFError)


# Processes that die


def dies_once(line, params):
    import os

    path = os.path.join(params.folder, line)
    if not os.path.exists(path):
        open(path, "w").close()
        params.die()
    yield line, 1


class Kill:
    def __call__(self):
        os.kill(os.getpid(), signal.SIGKILL)


class Crash:
    def __call__(self):
        import ctypes

        ctypes.string_at(0)


class Leave:
    def __call__(self):
        import ctypes

        ctypes.CDLL(None)._exit(3)


@pytest.mark.parametrize(
    ("die", "how"),
    [
        (Kill(), "killed by signal 9 (SIGKILL)"),
        (Crash(), "killed by signal 11 (SIGSEGV)"),
        (Leave(), "exit status 3"),
    ],
)
def test_a_process_that_dies_is_a_failed_run(disco, tmp_path, die, how):
    """The run fails as a crash, is tried again on another node, and the job is done."""
    params = Params(folder=str(tmp_path), die=die)
    assert results(disco, dies_once, params=params, input=INPUTS[:3]) == [("a", 1), ("b", 1), ("c", 1)]
    failed = of_kind(disco.cluster.log, events.RunFailed)
    assert [(event.kind, event.reason) for event in failed] == [("crash", f"Worker process died: {how}")] * 3
    assert all(event.luck > 0 for event in failed)


def test_a_process_that_always_dies(disco):
    """After as many failures as are forgiven the job is dead, with the reason, and others can run."""

    def fun_map(line, params):
        import os

        os.kill(os.getpid(), 9)
        yield line, 1

    error = death(disco, fun_map, input=["raw://a"])
    assert "Worker process died: killed by signal 9 (SIGKILL)" in str(error)
    assert len(of_kind(disco.cluster.log, events.RunFailed)) == 4
    assert len(results(disco, process)) == 6


@pytest.fixture
def strict(shared):
    """A cluster that forgives no failure."""
    with Disco(nodes=1, engine=shared, max_failures=0) as one:
        yield one


def test_a_process_that_closes_everything(strict):
    """A run that closes the socket of its process fails like one whose process is gone."""

    def fun_map(line, params):
        import os

        os.closerange(3, 1000)
        while True:
            pass
        yield line, 1

    assert "Worker process died: closed its connection" in str(death(strict, fun_map, input=["raw://a"]))


def test_a_process_whose_child_lives_on(strict):
    """That a process is gone is noticed though what it has forked holds its socket open."""

    def fun_map(line, params):
        import os

        if not os.fork():
            import select

            select.select([], [], [], 30)
            os.kill(os.getpid(), 9)
        os.kill(os.getpid(), 9)
        yield line, 1

    assert "killed by signal 9" in str(death(strict, fun_map, input=["raw://a"]))


def test_processes_that_are_killed_while_nothing_runs(disco):
    """What happens to them between two jobs is nobody's failure: others take their place."""
    before = processes_of(disco)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert all(map(is_gone, before))
    n_failed = len(of_kind(disco.cluster.log, events.RunFailed))
    after = processes_of(disco)
    assert len(after) == 2 and not after & before
    assert len(of_kind(disco.cluster.log, events.RunFailed)) == n_failed


def test_a_process_that_cannot_start(monkeypatch, capfd):
    """Nothing is computed, nobody waits, and the error says what to do."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with Processes(workers=1) as engine, Disco(engine=engine) as disco:
        with pytest.raises(DiscoError, match="could not be started: exit status 1"):
            results(disco, process)
        assert disco.cluster.log[-1].reason == "engine could not compute a run: DiscoError"


def test_a_program_that_is_not_there(monkeypatch, tmp_path):
    """That the system starts no process is the same error, and leaves no socket open."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with Processes(workers=1) as engine, Disco(engine=engine) as disco:
        before = set(os.listdir("/proc/self/fd"))
        with pytest.raises(DiscoError, match=r"could not be started: .* No such file or directory: .*tmp"):
            results(disco, process)
        assert set(os.listdir("/proc/self/fd")) <= before
        assert not os.listdir(engine._pool._folder)


# How they end


def test_an_interrupt(disco, tmp_path):
    """Ctrl-C ends the job and the processes that compute it; the next job runs."""

    def fun_map(line, params):
        import os
        import signal

        with open(params.path, "w") as file:
            file.write(str(os.getpid()))
        os.kill(params.notebook, signal.SIGINT)
        while True:
            pass
        yield line, 1

    path = tmp_path / "process"
    with pytest.raises(KeyboardInterrupt):
        results(disco, fun_map, params=Params(notebook=os.getpid(), path=str(path)), input=["raw://a"])
    assert disco.cluster.log[-1] == events.JobDied(0.0, disco.joblist()[0][2], "interrupted")
    assert is_gone(int(path.read_text()))
    assert len(results(disco, process)) == 6


@pytest.mark.parametrize("nth", [2, 4, 7])
def test_an_interrupt_while_a_run_is_given(monkeypatch, nth):
    """Runs that were on their way to a process are computed again: no other job waits for them."""
    message = Pool._message
    given = []

    def interrupted(pool, run, process):
        given.append(run)
        if len(given) == nth:
            raise KeyboardInterrupt
        return message(pool, run, process)

    monkeypatch.setattr(Pool, "_message", interrupted)
    with Processes(workers=2) as engine, Disco(nodes=2, slots=1, engine=engine) as disco:
        jobs = [disco.new_job(name=name, input=INPUTS, map=process) for name in ("one", "other")]
        with pytest.raises(KeyboardInterrupt):
            jobs[0].wait(show=False)
        assert all(run.is_ended for run in given if run.stage is not None)
        alive = [job for job in jobs if job.status == "active"]
        assert [len(list(result_iterator(job.wait(show=False)))) for job in alive] == [6] * len(alive)
        assert alive


def test_a_job_that_ends_takes_its_runs_along(disco):
    """What a dead job has under way ahead of its start is ended, so that the next job need not wait for it."""

    def fun_map(line, params):
        if line == "a":
            raise ValueError(line)
        while line not in "ab":
            pass
        yield line, 1

    assert "ValueError: a" in str(death(disco, fun_map))
    assert len(results(disco, process)) == 6


def test_closing():
    """A closed engine has no processes and no folders; used again, it has new ones."""

    def fun_map(line, params):
        yield line, __import__("os").getcwd()

    engine = Processes(workers=2)
    with Disco(engine=engine) as disco:
        before = processes_of(disco)
        folders = {folder for _, folder in results(disco, fun_map)}
        assert len(folders) == 2 and all(map(os.path.exists, folders))
        engine.close()
        assert all(map(is_gone, before)) and not any(map(os.path.exists, folders))
        assert not processes_of(disco) & before
    engine.close()


def test_the_folder_of_a_process_that_died():
    """It goes with the process, and not only with the engine."""

    def fun_map(line, params):
        import os

        yield os.getpid(), os.path.abspath(".")

    with Processes(workers=1) as engine, Disco(engine=engine) as disco:
        ((pid, folder),) = set(results(disco, fun_map))
        os.kill(pid, signal.SIGKILL)
        ((other, another),) = set(results(disco, fun_map))
        assert other != pid and os.path.exists(another) and not os.path.exists(folder)


def test_closed_engines_remember_no_programs():
    """A job's functions are free with its Disco once the processes are ended, though the engine lives on."""
    engine = Processes(workers=1)
    with Disco(engine=engine) as disco:
        job = disco.new_job(name="job", input=["raw://a"], map=process)
        job.wait(show=False)
        gone = weakref.ref(disco.cluster.work(job.name, "map", 0, 0).program)
    engine.close()
    del disco, job
    gc.collect()
    assert gone() is None


def test_the_end_of_an_engine():
    """An engine that nobody has any more leaves no processes and gives no warnings."""
    engine = Processes(workers=2)
    disco = Disco(engine=engine)
    found = processes_of(disco)
    disco.new_job(name="begun", input=INPUTS, map=process)
    disco.step(run=True)
    disco.close()
    del disco, engine
    gc.collect()
    assert all(map(is_gone, found))


def test_the_end_of_this_process():
    """When this process is killed, its worker processes end by themselves."""
    script = dedent("""
        from disco_sim import Disco, result_iterator
        from disco_sim.engine.processes import Processes
        import os

        def fun_map(line, params):
            import os
            yield line, os.getpid()

        job = Disco(engine=Processes(2)).new_job(name="job", input=["raw://a", "raw://b", "raw://c"], map=fun_map)
        print(*{pid for _, pid in result_iterator(job.wait())}, flush=True)
        os.kill(os.getpid(), 9)
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    pids = [int(pid) for pid in done.stdout.split()]
    assert (len(pids), done.returncode, done.stderr) == (2, -signal.SIGKILL, "")
    assert all(map(is_gone, pids))


def test_the_end_of_this_process_while_they_compute(tmp_path):
    """A run that never ends does not keep its process when this one is killed."""
    path = tmp_path / "process"
    script = dedent(f"""
        from disco_sim import Disco, Processes
        import os

        def fun_map(line, params):
            import os
            with open({str(path)!r}, "w") as file:
                file.write(str(os.getpid()))
            os.kill(os.getppid(), 9)
            while True:
                pass

        Disco(engine=Processes(1)).new_job(name="job", input=["raw://a"], map=fun_map).wait()
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert is_gone(int(path.read_text()))


def test_the_end_of_a_script(tmp_path):
    """A script need not close its engine: it ends in order, and says nothing."""
    path = tmp_path / "script.py"
    path.write_text(
        dedent("""
            from disco_sim import Disco, result_iterator
            from disco_sim.engine.processes import Processes

            def fun_map(line, params):
                yield line.upper(), 1

            disco = Disco(engine=Processes(2))
            print(list(result_iterator(disco.new_job(name="job", input=["raw://a"], map=fun_map).wait())))
        """)
    )
    done = subprocess.run([sys.executable, "-X", "dev", path], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("[('A', 1)]\n", "", 0)


def test_how_it_is_made():
    """The number of processes is checked, and shown."""
    assert repr(Processes()) == "Processes(workers=2)"
    for wrong in (0, -1, 2.0, True, "2"):
        with pytest.raises(DiscoError, match=r"Processes\(workers="):
            Processes(workers=wrong)


def test_other_platforms(monkeypatch):
    """Where there are no such processes, an error says so, and what there is instead."""
    monkeypatch.setattr(os, "name", "nt")
    with pytest.raises(DiscoError, match="Inline"):
        Processes()


def test_old_code(shared):
    """Functions that import Disco's own package find it in a worker process, too."""

    def fun_map(line, params):
        import os

        from disco.util import schemesplit

        yield schemesplit(f"tag://{line}")[1], os.getpid()

    from disco_sim import compat

    compat.install()
    try:
        with Disco(engine=shared, dialect=V05) as disco:
            found = results(disco, fun_map)
        assert sorted(line for line, _ in found) == list("abcdef")
        assert os.getpid() not in {pid for _, pid in found}
    finally:
        compat.uninstall()


def test_what_if(shared):
    """A job that Processes computed is played again on other clusters as one that Inline has computed."""

    def fun_map(line, params):
        yield line, this_host()

    def told(engine):
        with Disco(nodes=2, engine=engine) as disco:
            job = disco.new_job(name="job", input=INPUTS, map=fun_map)
            job.wait()
            return job.what_if(nodes=[1, 2, 3], partitions=[1]).to_csv()

    assert told(shared) == told(Inline())
