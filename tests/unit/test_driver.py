"""The driver: one caller at a time, requests from other threads, interrupts."""

from __future__ import annotations

import math
import os
import signal
import threading

import pytest

from disco_sim import ClusterSpec, Disco, Faults, JobError
from disco_sim.cluster.simulated import SimulatedCluster
from disco_sim.engine.inline import Inline
from disco_sim.error import DiscoError
from disco_sim.model import events


def test_only_one_at_a_time():
    """A call that would drive while another thread drives is an error; afterwards driving works again."""
    started, go_on, errors = threading.Event(), threading.Event(), []
    with Disco(nodes=1, namespace="notebook") as disco:

        def fun_map(line, params):
            started.set()
            go_on.wait(20)
            yield line, 1

        job = disco.new_job(name="slow", input=["raw://a"], map=fun_map)

        def intrude():
            started.wait(20)
            try:
                disco.run()
            except DiscoError as error:
                errors.append(str(error))
            go_on.set()

        thread = threading.Thread(target=intrude)
        thread.start()
        job.wait()
        thread.join()
        assert "only one call at a time can drive it" in errors[0]
        disco.run()


def test_kill_from_another_thread():
    """kill from another thread is a request: the loop takes it before the next event, and the job is dead."""
    started, go_on = threading.Event(), threading.Event()
    with Disco(nodes=1, slots=1, namespace="notebook") as disco:
        seen = []

        def fun_map(line, params):
            seen.append(line)
            started.set()
            go_on.wait(20)
            yield line, 1

        job = disco.new_job(name="endless", input=["raw://a", "raw://b", "raw://c"], map=fun_map)

        def kill():
            started.wait(20)
            job.kill()
            go_on.set()

        thread = threading.Thread(target=kill)
        thread.start()
        with pytest.raises(JobError, match="Status dead: killed"):
            job.wait()
        thread.join()
        assert len(seen) == 1
        assert job.tasks.status.tolist() == ["lost"]


def test_interrupt():
    """KeyboardInterrupt in a job function ends its job, keeps its state, is raised again, and the next job runs."""
    with Disco(nodes=2) as disco:

        def fun_map(line, params):
            print("got", line)
            if line == "b":
                raise KeyboardInterrupt
            yield line, 1

        job = disco.new_job(name="interrupted", input=["raw://a", "raw://b", "raw://c"], map=fun_map)
        with pytest.raises(KeyboardInterrupt):
            job.wait()
        assert job.status == "dead"
        assert "Status dead: interrupted; " in str(job.error)
        assert set(job.tasks.host) == {"node01", "node02"}
        assert "Job interrupted" in job.log.message.str.cat() or "interrupted" in repr(job._repr_mimebundle_())
        with pytest.raises(JobError, match="interrupted"):
            job.wait()
        good = disco.new_job(name="good", input=["raw://a"] * 6, map=lambda line, params: [(line, 1)])
        assert len(good.wait()) == 6


def test_prints_before_an_interrupt_are_not_lost(capsys):
    """What finished tasks printed before the interrupt is shown."""
    with Disco(nodes=1, slots=1) as disco:

        def fun_map(line, params):
            if line == "b":
                raise KeyboardInterrupt
            print("got", line)
            yield line, 1

        job = disco.new_job(name="interrupted", input=["raw://a", "raw://b"], map=fun_map)
        with pytest.raises(KeyboardInterrupt):
            job.wait()
    assert capsys.readouterr().out == "got a\n"


def test_own_handler_of_interrupts():
    """Where Ctrl-C means something else already, that meaning stays."""
    came = []
    before = signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        with Disco(nodes=1, namespace="notebook") as disco:

            def fun_map(line, params):
                os.kill(os.getpid(), signal.SIGINT)
                yield line, 1

            disco.new_job(name="signalled", input=["raw://a"], map=fun_map).wait()
        assert came == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)


def test_real_interrupt_of_a_run():
    """Ctrl-C while a job function runs ends that run at once."""
    with Disco(nodes=1, namespace="notebook") as disco:
        reached = []

        def fun_map(line, params):
            os.kill(os.getpid(), signal.SIGINT)
            for _ in range(10**6):
                pass
            reached.append(line)
            yield line, 1

        job = disco.new_job(name="signalled", input=["raw://a"], map=fun_map)
        with pytest.raises(KeyboardInterrupt):
            job.wait()
        assert (reached, job.status) == ([], "dead")


def test_interrupt_between_events(monkeypatch):
    """Ctrl-C that falls into the loop itself takes effect after the event at hand: nothing is lost, the job is dead."""
    with Disco(nodes=1, slots=1) as disco:
        job = disco.new_job(name="quick", input=["raw://a"] * 5, map=lambda line, params: [(line, 1)])
        advance = disco.cluster.advance
        calls = []

        def interrupted(until_s):
            if len(calls) == 4:
                os.kill(os.getpid(), signal.SIGINT)
            calls.append(until_s)
            return advance(until_s)

        monkeypatch.setattr(disco.cluster, "advance", interrupted)
        with pytest.raises(KeyboardInterrupt):
            job.wait()
        assert "Status dead: interrupted; " in str(job.error)
        assert set(job.tasks.status) <= {"done", "lost"}
        good = disco.new_job(name="good", input=["raw://a"] * 6, map=lambda line, params: [(line, 1)])
        assert len(good.wait()) == 6
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


class Slow:
    """A cluster that takes kills after `n_steps` steps in which nothing happens or, if `is_busy`, time passes."""

    def __init__(self, n_steps=math.inf, is_busy=False):
        self.cluster = SimulatedCluster(ClusterSpec.of(1), Inline(), master="master:8995")
        self.n_steps = n_steps
        self.is_busy = is_busy
        self.kills = []
        self.passed_s = 0.0
        self.n_waited = 0

    def __getattr__(self, name):
        return getattr(self.cluster, name)

    @property
    def now_s(self):
        return self.cluster.now_s + self.passed_s

    def ask(self, event):
        self.kills.append(event)

    def advance(self, until_s=math.inf):
        if not self.kills:
            moved = self.cluster.advance(until_s)
            os.kill(os.getpid(), signal.SIGINT)
            return moved
        self.n_waited += 1
        assert self.n_waited < 2_000_000, "the driver waits forever"
        if self.n_waited < self.n_steps:
            self.passed_s += 0.001 * self.is_busy
            return self.is_busy
        while self.kills:
            self.cluster.ask(self.kills.pop())
        return self.cluster.advance(until_s)


def interrupted_on(cluster):
    """The job on which an interrupt was raised, and the kills that the cluster still has to take."""
    with Disco(cluster) as disco:
        job = disco.new_job(name="slow", input=["raw://a"] * 5, map=lambda line, params: [(line, 1)])
        with pytest.raises(KeyboardInterrupt):
            job.wait(show=False)
        return job, [event[1:] for event in cluster.kills]


@pytest.mark.parametrize("is_busy", [False, True])
def test_interrupt_of_a_cluster_that_never_obeys(is_busy, monkeypatch):
    """The interrupt is raised after a short wait, whether things go on meanwhile or not, and the kill stays asked."""
    monkeypatch.setattr("disco_sim.client.driver._KILL_WAIT_S", 0.05)
    cluster = Slow(is_busy=is_busy)
    job, kills = interrupted_on(cluster)
    assert (job.status, kills) == ("active", [(job.name, "interrupted")])


def test_interrupt_of_a_cluster_that_obeys_late():
    """A cluster has a moment to obey: the job is dead when the interrupt is raised."""
    job, kills = interrupted_on(Slow(n_steps=5))
    assert (job.status, kills) == ("dead", [])


def test_a_listener_that_makes_others_hear():
    """A listener may ask for what drives, which is refused: everybody hears every event once all the same."""
    from disco_sim import Disco

    with Disco(nodes=1) as disco:
        job = disco.new_job(name="x", input=["raw://a", "raw://b"], map=lambda line, params: [(line, 1)])
        heard = []

        def listener(event):
            heard.append(event)
            if isinstance(event, events.PhasesPlayed):
                with pytest.raises(DiscoError, match="is being driven already"):
                    job.wait(show="json")

        disco.listeners.append(listener)
        job.wait()
        assert sorted(map(repr, heard)) == sorted(map(repr, disco.cluster.log))


# -- warnings ---------------------------------------------------------------------------------------------------------

NO_STAGE = "1 fault had no effect: crash('mpa:0') (the job has no stage 'mpa'; near it: 'map'); "


def said(line, params):
    print("said", line)
    yield line, 1


def warned_job(**options):
    """A job of a cluster one of whose faults names a stage that no job has."""
    disco = Disco(nodes=1, slots=1, faults=Faults().crash("mpa:0"), **options)
    return disco.new_job(name="words", input=["raw://a"], map=said)


@pytest.mark.parametrize("show", [None, "progress"])
def test_a_warning_is_one_line_of_the_error_stream(show, capsys):
    """A warning about a job is written to the error stream once, with the job's name, and never again."""
    job = warned_job()
    job.wait(show=show)
    job.wait(show=show)
    out, err = capsys.readouterr()
    assert out == "said a\n"
    assert err.startswith(f"WARNING: job {job.name}: {NO_STAGE}")
    assert err.count("had no effect") == 1


@pytest.mark.parametrize(("show", "stream"), [(True, "err"), ("nocolor", "err"), ("json", "out")])
def test_a_monitor_shows_the_warning_instead(show, stream, capsys):
    """Whoever is shown the events of a job sees its warning as one of them, and not a second time."""
    warned_job().wait(show=show)
    found = capsys.readouterr()
    assert getattr(found, stream).count(f"WARN: {NO_STAGE}") == 1
    assert (found.out + found.err).count("had no effect") == 1


def test_no_warning_for_who_wants_to_see_nothing(capsys):
    """show=False writes no warning about the job that is waited for, but others are warned of; the log has both."""
    job = warned_job()
    other = job.disco.new_job(name="other", input=["raw://b"], map=said)
    job.wait(show=False)
    assert capsys.readouterr().err == ""
    other.disco.run()
    assert capsys.readouterr().err.startswith(f"WARNING: job {other.name}: 1 fault had no effect: ")
    assert [one.log.message.str.contains(NO_STAGE, regex=False).sum() for one in (job, other)] == [1, 1]


def test_a_warning_needs_no_streams(monkeypatch):
    """Where there is no output or error stream, as under pythonw, or they are closed, a job goes on."""
    import io
    import sys

    closed = io.StringIO()
    closed.close()
    for stream in (None, closed):
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stderr", stream)
            patched.setattr(sys, "stdout", None)
            job = warned_job()
            job.wait()
        assert job.status == "ready"
