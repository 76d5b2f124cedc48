"""Jobs of stages that users write: groupings, labels, the order of calls, sort and combine, errors at submission."""

from __future__ import annotations

import pytest

from disco_sim import Disco, Params, result_iterator
from disco_sim.compat.dialect import V05
from disco_sim.error import DiscoError, JobError, PurityError
from disco_sim.func import map_input_stream, map_output_stream
from disco_sim.model.plan import GROUPINGS
from disco_sim.pipeline import Stage


def by_length(interface, state, label, inp):
    for line in inp:
        for word in line.split():
            interface.output(len(word) % 3).add(word, 1)


def nothing_yet(interface, params):
    return {}


def add_up(interface, state, label, inp):
    for word, count in inp:
        state[word] = state.get(word, 0) + count


def give_sums(interface, state):
    for word in sorted(state):
        interface.output(interface.taskinfo.label).add(word, state[word])


COUNT = Stage("count", process=by_length)
ADD = Stage("add", init=nothing_yet, process=add_up, done=give_sums)
TEXTS = ["raw://a bb ccc", "raw://a a bb"]


def run(disco, pipeline, **parameters):
    job = disco.new_job(name="pipe", **{"input": TEXTS, "pipeline": pipeline, **parameters})
    return job, list(result_iterator(job.wait()))


def twice(interface, state, label, inp):
    for key, value in inp:
        interface.output(label).add(key, 2 * value)


# Groupings


@pytest.mark.parametrize(
    ("grouping", "n_tasks"),
    [("split", 5), ("group_label", 3), ("group_node", 2), ("group_node_label", 5), ("group_all", 1)],
)
@pytest.mark.parametrize("dialect_options", [{}, {"dialect": V05}])
def test_groupings_make_tasks(grouping, n_tasks, dialect_options):
    """Two tasks with the labels {1, 2, 0} and {1, 2} on two nodes: each grouping makes its number of tasks of them."""
    with Disco(nodes=2, **dialect_options) as disco:
        job, answer = run(disco, [("split", COUNT), (grouping, ADD)])
        assert (job.tasks.stage == "add").sum() == n_tasks
        sums: dict = {}
        for word, count in answer:
            sums[word] = sums.get(word, 0) + count
        assert sums == {"a": 3, "bb": 2, "ccc": 1}


@pytest.mark.parametrize(
    ("grouping", "n_tasks"),
    [("split", 6), ("group_label", 3), ("group_node", 1), ("group_node_label", 3), ("group_all", 1)],
)
def test_groupings_on_one_node(grouping, n_tasks):
    """Two maps that each write labels 0, 1 and 2, on one node, give the observed numbers of tasks."""
    with Disco(nodes=1, dialect=V05) as disco:
        job, _ = run(disco, [("split", COUNT), (grouping, ADD)], input=["raw://a bb ccc", "raw://a bb ccc"])
        assert (job.tasks.stage == "add").sum() == n_tasks
        assert set(job.tasks.stage) == {"count", "add"}, "no stage that shuffles"


@pytest.mark.parametrize("first", GROUPINGS)
def test_any_grouping_can_be_the_first(disco, first):
    """Inputs carry label 0, so the first stage may group them as it likes."""
    _, answer = run(disco, [(first, COUNT), ("group_all", ADD)])
    assert answer == [("a", 3), ("bb", 2), ("ccc", 1)]


def test_three_stages(disco):
    """A pipeline is as long as its list."""
    _, answer = run(disco, [("split", COUNT), ("split", Stage("double", process=twice)), ("group_all", ADD)])
    assert answer == [("a", 6), ("bb", 4), ("ccc", 2)]


def test_no_stage_gives_the_inputs(disco):
    """Without a stage the job is ready, and its results are its inputs."""
    assert disco.new_job(name="pipe", input=["raw://a"], pipeline=[]).wait() == ["raw://a"]


# Calls


def test_order_of_calls(disco):
    """init once, input_hook once, process for each input of each label, done once, all in one task."""

    def init(interface, params):
        return [("init", params.x)]

    def hook(state, labels):
        state.append(("hook", sorted(labels)))
        return sorted(labels, reverse=True)

    def process(interface, state, label, inp):
        state.append(("process", label, sorted(key for key, _ in inp)))

    def done(interface, state):
        for number, call in enumerate(state):
            interface.output(0).add(number, call)

    last = Stage("last", init=init, input_hook=hook, process=process, done=done)
    _, answer = run(disco, [("split", COUNT), ("group_all", last)], params=Params(x=3))
    assert [call for _, call in answer] == [
        ("init", 3),
        ("hook", [0, 1, 2]),
        ("process", 2, ["bb"]),
        ("process", 2, ["bb"]),
        ("process", 1, ["a"]),
        ("process", 1, ["a", "a"]),
        ("process", 0, ["ccc"]),
    ]


def test_labels_that_a_hook_leaves_out_are_not_processed(disco):
    """input_hook decides which labels are processed at all."""
    stage = Stage("some", input_hook=lambda state, labels: [1], process=twice)
    _, answer = run(disco, [("split", COUNT), ("group_all", stage)])
    assert answer == [("a", 2), ("a", 2), ("a", 2)]


def test_combine_gives_one_input_a_label(disco):
    """With combine, process is called once for each label, with all of its pairs; with sort they are sorted by key."""

    def spell(interface, state, label, inp):
        interface.output(0).add(label, [key for key, _ in inp])

    texts = ["raw://c a b", "raw://b d"]
    for sort, expected in ((False, list("cabbd")), (True, list("abbcd"))):
        stage = Stage("spell", process=spell, combine=True, sort=sort)
        _, answer = run(disco, [("split", COUNT), ("group_label", stage)], input=texts)
        assert answer == [(1, expected)]
    _, answer = run(disco, [("split", COUNT), ("group_label", Stage("spell", process=spell, sort=True))], input=texts)
    assert answer == [(1, list("cab")), (1, list("bd"))], "sort alone changes nothing, as documented"


def test_facts_of_a_task(disco):
    """interface.taskinfo names job, host, stage, group and label; the worker's functions are there too."""

    def process(interface, state, label, inp):
        info = interface.taskinfo
        put(f"{this_partition()}:{info.host}", info.stage)
        interface.output(0).add(
            (info.jobname == this_name(), info.host == this_host()), (info.group, info.label, label)
        )

    job, answer = run(disco, [("split", COUNT), ("group_node_label", Stage("facts", process=process))])
    assert {key for key, _ in answer} == {(True, True)}
    assert all(group == (label, host) and label == given for (group, given, label), host in [
        (value, value[0][1]) for _, value in answer
    ])  # fmt: skip
    assert set(job.oob.values()) == {"facts"}


def test_lines_and_pairs(disco):
    """A first stage reads lines, text here and as they come in the other dialect; later stages read pairs."""

    def types(interface, state, label, inp):
        for one in inp:
            interface.output(0).add(type(one).__name__, 1)

    pipeline = [("split", Stage("a", process=types)), ("group_all", Stage("b", process=types))]
    for options, line in (({}, "str"), ({"dialect": V05}, "bytes")):
        with Disco(nodes=1, **options) as one:
            job = one.new_job(name="x", input=[__file__], pipeline=pipeline[:1])
            assert next(result_iterator(job.wait()))[0] == line
            assert set(run(one, pipeline)[1]) == {("tuple", 1)}


def test_own_chains(disco):
    """Stage functions may read and write through stream functions of their own."""

    def upper(stream, size, url, params):
        return [line.decode().upper() for line in stream]

    def written(stream, partition, url, params):
        class Lines:
            def add(self, key, value):
                stream.write(f"{key}={value}\n")

        return Lines(), url

    stage = Stage(
        "count", process=by_length, input_chain=[map_input_stream, upper], output_chain=[map_output_stream, written]
    )
    job = disco.new_job(name="x", input=["raw://a b"], pipeline=[("split", stage)])
    assert list(result_iterator(job.wait(), reader=None)) == [b"A=1\n", b"B=1\n"]


def test_out_of_band_results_of_a_stage_before(disco):
    """A stage sees what the stages before it put."""

    def puts(interface, state, label, inp):
        put(f"n:{this_partition()}", str(len(list(inp))))
        interface.output(0).add("x", 1)

    def gets(interface, state):
        interface.output(0).add("n", get("n:0"))

    _, answer = run(disco, [("split", Stage("a", process=puts)), ("group_all", Stage("b", done=gets))])
    assert answer == [("n", "1")]


def test_no_worker_functions_in_the_other_dialect():
    """As observed, bare put() does not exist in stages of 0.5.4's pipelines."""

    def process(interface, state, label, inp):
        put("k", b"")

    with Disco(nodes=1, dialect=V05) as disco, pytest.raises(JobError) as caught:
        run(disco, [("split", Stage("a", process=process))])
    assert isinstance(caught.value.__cause__, NameError)


def test_concurrent_stage_has_the_same_answer(disco):
    """A stage that is marked as concurrent gives what it gives otherwise."""
    _, answer = run(disco, [("split", COUNT), ("group_all", ADD, True)])
    assert answer == [("a", 3), ("bb", 2), ("ccc", 1)]


def test_everything_shows_a_pipeline(disco):
    """Tables, log, flow, story and what-if show pipelines like other jobs; the stepper says that it cannot."""
    job, _ = run(disco, [("split", COUNT), ("group_label", ADD)])
    assert list(job.partitions.stage.unique()) == ["count", "add"]
    assert job.partitions.query("stage == 'count'").records.sum() == 6
    assert "count to add" in repr(job.flow())
    assert "count" in "\n".join(message for _, (_, _, message) in job.events())
    assert job.story("add:0").lines
    assert job.output().shape == (3, 3)
    assert len(job.what_if(nodes=[1, 2])) == 2
    assert job.resubmit().wait() != job.wait()
    with pytest.raises(DiscoError, match="steps can be shown of jobs"):
        job.stepper()


def wild(interface, state, label, inp):
    for line in inp:
        for word in line.split():
            interface.output({"a": 10**30, "bb": -5}.get(word, -(2**40))).add(word, 1)


@pytest.mark.parametrize("dialect_options", [{}, {"dialect": V05}])
def test_labels_of_any_size(dialect_options, tmp_path):
    """Labels are negative or huge in every table and view, and a result's partition is its label."""
    with Disco(nodes=2, **dialect_options) as disco:
        texts = [[text] for text in TEXTS] if dialect_options else TEXTS
        job, answer = run(disco, [("split", Stage("wild", process=wild)), ("group_label", ADD)], input=texts)
        labels = [-(2**40), -5, 10**30]
        assert job.output().partition.tolist() == labels and len(answer) == 3
        assert job.partitions.query("stage == 'wild'").partition.tolist() == labels
        assert job.flow().matrix().columns.tolist() == labels
        assert job.tasks.partition.tolist() == [0, 1, *labels]
        assert job.report(tmp_path / "job.html") and "JobView" in repr(job.view())


def test_a_label_that_no_name_could_have(disco):
    """A label of more than 600 digits, which no URL could name, ends the job; the Disco goes on."""
    job = disco.new_job(name="x", input=TEXTS, pipeline=[("split", Stage("huge", process=enormous))])
    with pytest.raises(JobError, match="at most 600 digits"):
        job.wait()
    assert run(disco, [("split", COUNT)])[1]


def enormous(interface, state, label, inp):
    interface.output(10**5000)


def test_what_functions_of_stages_get_shows_itself(disco):
    """The reprs of an interface and an input name the task and the label, and no addresses."""
    job = disco.new_job(name="x", input=["raw://a"], pipeline=[("split", Stage("tell", process=tell))])
    assert list(result_iterator(job.wait())) == [("Interface(tell:0, labels [3])", "Input(label 0)")]


def tell(interface, state, label, inp):
    output = interface.output(3)
    output.add(repr(interface), repr(inp))


@pytest.mark.parametrize(("key", "label", "run_of_it"), [("a", 1, "add:1"), ("bb", 2, "add:2"), ("zz", None, "")])
def test_explain_a_key_of_a_pipeline(disco, key, label, run_of_it):
    """explain() tells the label that the first stage gave a key, where from, and which task read it."""
    job, _ = run(disco, [("split", COUNT), ("group_label", ADD)])
    told = job.explain(key)
    assert (told.partition, told.run) == (label, run_of_it)
    assert len(told.from_tasks) == (0 if label is None else 2)
    assert told.why == (
        f"stage 'count' gave it the label {label}" if label else "no kept output of stage 'count' has it"
    )


def test_explain_a_key_under_several_labels(disco):
    """A key that a stage gave several labels has them all, and no partition of its own."""
    job, _ = run(disco, [("split", Stage("both", process=both)), ("group_all", ADD)])
    told = job.explain("a")
    assert (told.partition, told.why, told.run) == (None, "stage 'both' gave it the labels 1, 2", "add:0")


def both(interface, state, label, inp):
    for line in inp:
        for label in (1, 2):
            interface.output(label).add(line.split()[0], 1)


def test_profile_of_stages(disco):
    """profile=True profiles each task of each stage."""
    job, _ = run(disco, [("split", COUNT), ("group_all", ADD)], profile=True)
    assert sorted(job.oob_list()) == ["profile-add-0", "profile-count-0", "profile-count-1"]
    assert job.profile_stats("add").total_calls > 0


# Errors


@pytest.mark.parametrize(
    ("pipeline", "told"),
    [
        ([("nogroup", COUNT)], "Unknown grouping 'nogroup'"),
        ([("split", COUNT), ("group_all", COUNT)], "Repeated stage 'count'"),
        ([("split", Stage("", process=by_length))], "a stage has the name ''"),
        ([("split", Stage("a/b", process=by_length))], "a stage has the name 'a/b'"),
        ([("split",)], "is no stage of a pipeline"),
        ([("split", by_length)], "is no stage of a pipeline"),
        ([("split", COUNT, True, 1)], "is no stage of a pipeline"),
        ([3], "is no stage of a pipeline"),
        ("split", "it is a list"),
        (3, "it is a list"),
        ([("split", Stage("a", process=give_sums))], "process function give_sums"),
        ([("split", Stage("a", init=by_length))], "init function by_length"),
        ([("split", Stage("a", done=3))], "cannot be called"),
        ([("split", Stage("a", input_chain=[by_length, give_sums]))], "input_chain function give_sums"),
    ],
)
def test_errors_at_submission(disco, pipeline, told):
    """What cannot be a pipeline is refused, with what is wrong and how it is written."""
    with pytest.raises(DiscoError, match=told):
        disco.new_job(name="x", input=TEXTS, pipeline=pipeline)
    assert len(disco.jobs) == 0


def test_one_shape(disco):
    """A job is a pipeline, or maps and reduces."""
    with pytest.raises(DiscoError, match="pipeline and map were both given"):
        disco.new_job(name="x", input=TEXTS, pipeline=[("split", COUNT)], map=lambda e, p: [])


def test_names_are_checked(disco):
    """Functions of stages are checked like other job functions: a closure is refused at submission."""
    outer = 3

    def closure(interface, state, label, inp):
        interface.output(outer).add("a", 1)

    with pytest.raises(PurityError, match="closure"):
        disco.new_job(name="x", input=TEXTS, pipeline=[("split", Stage("a", process=closure))])


@pytest.mark.parametrize("label", ["1", 1.0, None, True])
def test_labels_are_whole_numbers(disco, label):
    """interface.output of anything but an int ends the job, and says so."""

    def process(interface, state, _, inp):
        interface.output(state).add("a", 1)

    stage = Stage("a", init=lambda interface, params: params[0], process=process)
    with pytest.raises(JobError, match="a label is a whole number"):
        run(disco, [("split", stage)], params=[label])


def test_a_generator_is_no_stage_function(disco):
    """A process function that yields would never run: that is an error, not an empty result."""

    def process(interface, state, label, inp):
        yield from inp

    with pytest.raises(JobError, match="yields, so none of it has run"):
        run(disco, [("split", Stage("a", process=process))])
