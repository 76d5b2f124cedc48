"""Claims about Jobs as Disco 0.5 has them, their packs, and chains of them."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Iterator
from functools import cached_property
from typing import Any, ClassVar

import pytest

from disco_sim import Disco as NativeDisco
from disco_sim.compat import masters
from disco_sim.compat.disco import core
from disco_sim.compat.disco.core import result_iterator
from disco_sim.compat.disco.job import Job, JobChain, JobPack
from disco_sim.compat.disco.worker.classic.worker import Worker
from disco_sim.compat.disco.worker.pipeline.worker import Stage, input_hook
from disco_sim.compat.disco.worker.pipeline.worker import Worker as PipelineWorker
from disco_sim.error import CommError, DiscoError, JobError
from disco_sim.func import chain_reader

MASTER = "disco://localhost:8993"
GREETING = "a global of this module"


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Jobs without a master run on one that is made for the test."""
    monkeypatch.setenv("DISCO_MASTER", MASTER)
    masters.forget()
    yield
    masters.forget()


class Words(Job):
    """Counts words."""

    @staticmethod
    def map(line: Any, params: Any) -> Any:
        """A pair a word."""
        for word in line.split():
            yield word, 1


class Count(Words):
    """The same, summed up."""

    partitions = 4
    params: ClassVar[Any] = {"times": 1}

    @staticmethod
    def reduce(it: Any, params: Any) -> Any:
        """The sum of each word."""
        for word, ones in kvgroup(sorted(it)):  # type: ignore[name-defined]
            yield word, sum(ones) * params["times"]


class Sum(Count):
    """Goes on from results."""

    map_reader = staticmethod(chain_reader)

    @classmethod
    def map(cls, entry: Any, params: Any) -> Any:
        """The pair itself."""
        assert cls.__name__ == "Sum"
        yield entry


def found(job: Any) -> list[Any]:
    """A job's results, sorted."""
    return sorted(core.result_iterator(job.wait()))


def test_the_name_of_a_job() -> None:
    """It is the one given, that of run, a name of the class, or the class's own; and full once it runs."""

    class Named(Words):
        name = "mine"

    assert (Words().name, Words("given").name, Named().name) == ("Words", "given", "mine")
    assert Words().run(input=["raw://a"]).name.startswith("Words@")
    assert Words().run(name="other", input=["raw://a"]).name.startswith("other@")
    assert Words("a b!").run(input=["raw://a"]).name.startswith("a b!@")


@pytest.mark.parametrize("name", ["x.y", "a/b"])
def test_invalid_prefixes(name: str) -> None:
    """A name with . or / is refused as Disco's master does."""
    with pytest.raises(DiscoError, match=r'^Failed to submit jobpack: Job failed to start: "invalid prefix"'):
        Words(name).run(input=["raw://a"])


def test_arguments_go_before_attributes_before_the_worker() -> None:
    """A parameter is what run was given, else the Job's, else its class's, else the worker's, else the default."""

    def partitions(job: Job, **arguments: Any) -> int:
        return int(job.run(input=["raw://a"], **arguments).jobdict()["nr_reduces"])

    set_on_it = Count()
    set_on_it.partitions = 6
    worker = Worker(partitions=9, sort=True)
    assert partitions(Count(worker=worker), partitions=7) == 7
    assert partitions(set_on_it, partitions=7) == 7
    assert partitions(set_on_it) == 6
    assert partitions(Count(worker=worker)) == 4
    assert partitions(Words(worker=worker)) == 9
    assert partitions(Words()) == 1
    assert Words(worker=worker).run(input=["raw://a"]).jobspec()["sort"] is True
    assert partitions(Words(worker=Worker)) == 1


def test_classes_inherit_parameters() -> None:
    """A class has the parameters of those before it, mixins too; class methods get the class, functions get no self."""
    assert found(Count().run(input=["raw://a the a"])) == [("a", 2), ("the", 1)]

    class Twice:
        params: ClassVar[Any] = {"times": 2}

    class Double(Twice, Count):
        def map(line: Any, params: Any) -> Any:  # type: ignore[override]
            yield line, 1

    assert found(Double().run(input=["raw://a b"])) == [("a b", 2)]
    assert found(Sum().run(input=Words().run(input=["raw://a b a"]).wait())) == [("a", 2), ("b", 1)]


def test_attributes_that_a_job_sets_itself() -> None:
    """What __init__ sets is a parameter where it has the name of one, and else the job's own business."""

    class Times(Count):
        def __init__(self, times: int) -> None:
            super().__init__()
            self.params = {"times": times}
            self.log, self.status, self.tasks = ["mine"], "new", 3

    job = Times(5)
    assert (job.log, job.status, job.tasks) == (["mine"], "new", 3)
    assert found(job.run(input=["raw://a"])) == [("a", 5)]
    assert job.log == ["mine"]


def test_functions_of_a_class_keep_the_names_of_their_module() -> None:
    """A class's functions see globals of their module; those given to run travel as bare code."""

    class Greet(Job):
        @staticmethod
        def map(line: Any, params: Any) -> Any:
            yield line, GREETING

    assert found(Greet().run(input=["raw://a"])) == [("a", GREETING)]
    bare = Job("bare").run(input=["raw://a"], map=Greet.map)
    with pytest.raises(JobError, match="NameError"):
        bare.wait()


def test_partitions_are_a_parameter_or_a_table() -> None:
    """partitions are what the class or the job was given, also after it ran; of other jobs they are then the table."""
    job = Count()
    assert (job.partitions, Count.partitions, Words().partitions) == (4, 4, 1)
    job.partitions = 2
    assert job.partitions == 2
    job.run(input=["raw://a"]).wait()
    assert (job.partitions, job.jobdict()["nr_reduces"]) == (2, 2)
    assert "from_task" in job.shuffle.columns
    assert list(Job(job.name, MASTER).partitions.columns)[:2] == ["stage", "partition"]
    assert list(Words().run(input=["raw://a"]).partitions.columns)[:2] == ["stage", "partition"]
    job.partitions = 3
    assert job.run(input=["raw://a"]).jobdict()["nr_reduces"] == 3


SEEN: set[str] = set()
COUNTS: Any = {"n": [0]}
FACTOR = 1


def note(entry: str) -> tuple[int, int]:
    """A helper of the job below."""
    SEEN.add(entry)
    COUNTS["n"].append(1)
    return len(SEEN), len(COUNTS["n"])


class Noting(Job):
    """A job whose functions change what is in their module."""

    @staticmethod
    def map(entry: Any, params: Any) -> Any:
        if entry not in SEEN:
            yield entry, (note(entry), FACTOR)


def test_a_task_s_module_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a task changes in its module is there for its own run alone; nobody else sees it."""
    for _ in range(2):
        job = Noting().run(input=["raw://a", "raw://a", "raw://b"])
        assert sorted(result_iterator(job.wait())) == [("a", ((1, 2), 1)), ("a", ((1, 2), 1)), ("b", ((1, 2), 1))]
    assert (set(), {"n": [0]}) == (SEEN, COUNTS)


def test_a_module_is_as_it_was_at_submission(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the module's names are bound to later does not change a job that is submitted."""
    job = Noting().run(input=["raw://a"])
    monkeypatch.setitem(globals(), "FACTOR", 2)
    later = Noting().run(input=["raw://a"])
    assert [value[1] for _, value in [*result_iterator(job.wait()), *result_iterator(later.wait())]] == [1, 2]


def test_what_is_set_on_a_class_later_counts() -> None:
    """A parameter that is set on the class after its body is that of the next job, and of jobs of subclasses."""

    class Later(Count):
        partitions = 2

    class Below(Later):
        pass

    Later.partitions = 3
    assert Later().run(input=["raw://a"]).jobdict()["nr_reduces"] == 3
    assert Below().run(input=["raw://a"]).jobdict()["nr_reduces"] == 3


def test_properties_are_parameters() -> None:
    """What a class computes for its instances is a parameter, too."""

    class Computed(Words):
        @property
        def partitions(self) -> int:
            return 3

        @cached_property
        def params(self) -> dict[str, int]:
            return {"n": 2}

        @staticmethod
        def map(entry: Any, params: Any) -> Any:
            return [(entry, params["n"])]

    job = Computed().run(input=["raw://a"])
    assert list(result_iterator(job.wait())) == [("a", 2)]


def test_attributes_may_have_the_names_of_our_methods() -> None:
    """A job whose class has a method `status` or data called `data` is displayed as others are."""

    class Taken(Words):
        data = "tag://data:words"

        def status(self) -> Any:  # type: ignore[override]
            return self.results()[0]

    job = Taken().run(input=["raw://a"])
    assert repr(job).startswith("Taken(Taken@")
    assert "text/html" in job._repr_mimebundle_()


def test_where_a_job_runs() -> None:
    """master is an address or a Disco of either kind; without it the settings say; as in 0.3 it may come first."""
    connection = core.Disco()
    with NativeDisco("disco://localhost:8994", nodes=1) as native:
        for job in (Words(master=native), Words("Words", native), Words(native), Words(native, "Words")):
            assert job.run(input=["raw://a"]).disco.native is native
        assert Words(settings={"DISCO_MASTER": "x://y:8994"}).disco.native is native
    assert Words().disco.native is Words(master=MASTER).disco.native is connection.native
    assert Words(master=connection).disco is connection


def test_a_job_by_its_full_name() -> None:
    """A Job of a full name is the one that was submitted under it, with everything there is of it."""
    job = Count().run(input=["raw://a"])
    again = Job(job.name, MASTER)
    assert again.wait() == job.wait()
    assert (again.status, again.error, again.jobinfo()) == ("ready", None, job.jobinfo())
    assert list(again.output().key) == ["a"]
    assert len(again.tasks) == len(job.tasks)
    assert again.flow().stage == "map_shuffle"  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        again.nosuch  # type: ignore[attr-defined]  # noqa: B018


def test_a_job_shows_itself() -> None:
    """Before and after it ran a job has a repr and a card."""
    job = Count()
    assert repr(job) == "Count(Count, not submitted)"
    job.run(input=["raw://a"]).wait()
    assert repr(job) == f"Count({job.name}, ready, map 1/1, map_shuffle 1/1, reduce 1/1)"
    assert job.name in job._repr_mimebundle_()["text/html"]


def test_jobs_can_be_submitted_again() -> None:
    """resubmit gives a Job of the same class with all its parameters, but for the changes; so does run."""
    job = Count().run(input=["raw://a the"])
    job.wait()
    again = job.resubmit(params={"times": 10})
    assert type(again) is Count
    assert again.name != job.name
    assert found(again) == [("a", 10), ("the", 10)]
    assert found(job.resubmit()) == found(job) == found(job.run(input=["raw://a the"]))


def test_jobs_travel_as_their_names() -> None:
    """A pickled Job is the same job on the same master, also within a task."""
    job = Count().run(input=["raw://a"])
    job.wait()
    copy = pickle.loads(pickle.dumps(job))
    assert (type(copy), copy.name, copy.wait()) == (Count, job.name, job.wait())
    named = Job("named").run(input=["raw://a"], params=job, map=lambda line, params: [(line, params.name)])
    assert found(named) == [("a", job.name)]


def test_pipelines() -> None:
    """A Job with the pipeline worker runs the stages it has, given as attribute, argument or by the worker."""

    def split(interface: Any, state: Any, label: int, inp: Any) -> None:
        for line in inp:
            interface.output(0).add(line, 1)

    def tally(interface: Any, state: Any, label: int, inp: Any) -> None:
        for key, one in inp:
            state[key] = state.get(key, 0) + one

    def done(interface: Any, state: Any) -> None:
        for key in sorted(state):
            interface.output(0).add(key, state[key])

    stages = [
        ("split", Stage("split", process=split)),
        ("group_all", Stage("tally", init=lambda interface, params: {}, process=tally, done=done)),
    ]

    class Tally(Job):
        Worker = PipelineWorker
        pipeline = stages

    inputs = [["raw://a"], ["raw://b"], ["raw://a"]]
    job = Tally().run(input=inputs)
    assert found(job) == [("a", 2), ("b", 1)]
    assert job.jobinfo()["worker"] == job.jobdict()["worker"] == "lib/disco/worker/pipeline/worker.py"
    assert [row[0] for row in job.jobinfo()["pipeline"]] == ["split", "tally"]
    assert job.jobdict()["pipeline"] == [["split", "split", False], ["tally", "group_all", False]]
    assert found(Job(worker=PipelineWorker()).run(input=inputs, pipeline=stages)) == found(job)
    assert found(Job(worker=PipelineWorker(pipeline=stages)).run(input=inputs)) == found(job)


def test_jobdict_has_the_observed_keys() -> None:
    """What the master is told of a classic job."""
    job = Count().run(input=["raw://a", ["raw://b", "raw://c"]], owner="me", scheduler={"max_cores": 2})
    assert job.jobdict() == {
        "prefix": "Count",
        "save_results": False,
        "save_info": "ddfs",
        "scheduler": {"max_cores": 2},
        "owner": "me",
        "input": ["raw://a", ["raw://b", "raw://c"]],
        "worker": "lib/disco/worker/classic/worker.py",
        "map?": True,
        "reduce?": True,
        "reduce_shuffle?": False,
        "nr_reduces": 4,
    }


def test_a_pack_is_bytes_and_back() -> None:
    """A job pack has the job's facts, environment, files and parameters; as bytes it can be submitted again."""
    job = Count().run(input=["raw://a"], required_files={"data.txt": b"text"})
    pack = job.jobpack()
    assert pack.jobdict == job.jobdict()
    assert set(pack.jobenvs) == {"PYTHONPATH", "LD_LIBRARY_PATH"}
    with zipfile.ZipFile(io.BytesIO(pack.jobhome)) as home:
        assert {name: home.read(name) for name in home.namelist()} == {"data.txt": b"text"}
    assert JobPack.loads(pack.dumps()) == JobPack.load(io.BytesIO(pack.dumps())) == pack
    assert repr(pack).startswith(f"JobPack({job.name}, ")
    disco = core.Disco()
    for given in (pack, pack.dumps()):
        name = disco.submit(given)
        assert name.startswith("Count@")
        assert found(Job(name)) == found(job)
    job.purge()
    for wrong in (pack, b"no pack", 5):
        with pytest.raises(DiscoError, match=r"^Failed to submit jobpack: "):
            disco.submit(wrong)


def test_what_a_job_hands_on() -> None:
    """The proxied methods are those of Disco, with the job's name."""
    job = Count().run(input=["raw://a"])
    urls = job.wait()
    assert job.results() == ("ready", urls)
    assert next(job.events())[1][2] == "New job initialized!"
    assert job.mapresults()[0].startswith("dir://")
    assert len(job.stageresults("map")) == 1
    assert job.jobspec()["partitions"] == 4
    job.clean()
    with pytest.raises(CommError):
        job.jobinfo()
    job.kill()


# -- chains -------------------------------------------------------------------------------------------


def test_a_chain_runs_its_jobs_in_order() -> None:
    """Each job of a chain reads the results of those it depends on, in whatever order the chain is written."""
    first, second, other, last = Words("first"), Sum("second"), Words("other"), Sum("last")
    chain = JobChain({last: [second, other], second: [first], other: ["raw://b"], first: ["raw://a b", "raw://a"]})
    assert [job.name for job in chain.walk()] == ["first", "second", "other", "last"]
    assert chain.wait() is chain
    assert found(second) == [("a", 2), ("b", 1)]
    assert found(last) == [("a", 2), ("b", 2)]
    assert list(chain.inputs(last)) == [*second.wait(), *other.wait()]
    assert other.tasks.start_s.min() == 0.0
    last_start_s = next(iter(last.disco.cluster.log.of(last.name))).time_s
    second_start_s = next(iter(second.disco.cluster.log.of(second.name))).time_s
    assert second_start_s == first.tasks.end_s.max()
    assert last_start_s == second_start_s + second.tasks.end_s.max()
    chain.purge()
    assert {job.status for job in chain.walk()} == {"unknown job"}


def test_chains_begin_at_once_what_waits_for_nothing() -> None:
    """Jobs that do not depend on each other run side by side."""
    one, two = Words("one"), Words("two")
    JobChain({one: ["raw://a"], two: ["raw://b"]}).wait()
    starts = [next(iter(job.disco.cluster.log.of(job.name))).time_s for job in (one, two)]
    assert starts[0] == starts[1]


def test_a_job_that_ran_before_can_be_in_a_chain() -> None:
    """A job that has run is not run again, whether it is a key of the chain or only read."""
    done, last = Words("done").run(input=["raw://a"]), Sum("last")
    name = done.name
    JobChain({last: [done]}).wait()
    assert done.name == name
    assert found(last) == [("a", 1)]


def test_a_failed_dependency_ends_the_chain() -> None:
    """A job that dies is the chain's JobError, with its cause; what reads it is not started."""

    class Bad(Words):
        @staticmethod
        def map(line: Any, params: Any) -> Any:
            raise ValueError(line)

    bad, last = Bad(), Sum("last")
    chain = JobChain({last: [bad], bad: ["raw://a"]})
    with pytest.raises(JobError, match=r"^Job Bad@.* failed: Status dead") as caught:
        chain.wait()
    assert isinstance(caught.value.__cause__, ValueError)
    assert last.status == "unknown job"
    with pytest.raises(JobError, match="Status dead"):
        list(chain.inputs(last))


def test_chains_that_cannot_go_on() -> None:
    """A circle, and a job that nobody runs, are said."""
    one, two = Words("one"), Words("two")
    with pytest.raises(DiscoError, match="waits for its own results"):
        JobChain({one: [two], two: [one]}).wait()
    with pytest.raises(DiscoError, match="two was never run"):
        JobChain({one: [two]}).wait()


def test_inputs_of_a_chain_may_be_an_iterator() -> None:
    """Inputs that can be read once are read once."""
    one = Words("one")
    assert found(next(iter(JobChain({one: iter(["raw://a", "raw://b"])}).wait()))) == [("a", 1), ("b", 1)]


def fails(it: Any, params: Any) -> Any:
    """A reduce function that cannot."""
    return 1 / 0


def test_tasks_have_both_of_their_numbers() -> None:
    """A task is named by its number in its stage or, where that is no other task's, by that in the events."""
    job = Job("dies").run(input=["raw://a", "raw://b"], map=Words.map, reduce=fails)
    with pytest.raises(JobError, match=r"task reduce:0 \(reduce:4 in the events\) failed on node01") as caught:
        job.wait()
    assert "FATAL: [reduce:4] Traceback" in job.rawevents()
    assert str(job.error) == str(caught.value)
    assert job.story("reduce:4").lines == job.story("reduce:0").lines
    assert job.story("map:1").lines != job.story("map:0").lines
    for ask in (job.story, job.debug):
        with pytest.raises(DiscoError, match=r"has no task reduce:1; its reduce tasks are: reduce:0 \(reduce:4 in the"):
            ask("reduce:1")
        with pytest.raises(DiscoError, match=r"has no task map:2; its map tasks are: map:0 to map:1$"):
            ask("map:2")


def test_stages_of_a_class_may_be_its_static_methods() -> None:
    """In a class's body a static method is no function yet; a Stage takes its function, alone and in chains."""

    class Tally(Job):
        Worker = PipelineWorker

        @staticmethod
        def shout(stream: Any, size: Any, url: str, params: Any) -> Any:
            """A stream function of the first stage."""
            return [url.upper()]

        @staticmethod
        def each(interface: Any, state: Any, label: int, inp: Any) -> None:
            """The process of the only stage."""
            for line in inp:
                interface.output(0).add(line, 1)

        @staticmethod
        def order(state: Any, labels: Any) -> Any:
            """The labels as they are."""
            return input_hook(state, labels)

        pipeline: ClassVar[Any] = [("split", Stage("each", process=each, input_hook=order, input_chain=[shout]))]

    assert found(Tally().run(input=[["raw://a"]])) == [("RAW://A", 1)]
    assert Stage("each", process=staticmethod(fails)).process is fails
