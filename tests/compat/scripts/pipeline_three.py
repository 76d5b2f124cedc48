"""A pipeline of three stages: labels from the first, inputs of a label combined and sorted, then all of it."""

from disco.job import Job
from disco.core import result_iterator
from disco.worker.pipeline.worker import Stage, TaskInfo, Worker


def split_words(interface, state, label, inp):
    for line in inp:
        for word in line.split():
            interface.output(len(word)).add(word, 1)


def count_words(interface, state, label, inp):
    last, total = None, 0
    for word, count in inp:
        if word != last and last is not None:
            interface.output(label).add(last, total)
            total = 0
        last, total = word, total + count
    interface.output(label).add(last, total)


def start(interface, params):
    info = interface.taskinfo
    return {"top": [], "n": params, "info": (info.stage, info.jobname.split("@")[0], info.label)}


def backwards(state, labels):
    state["labels"] = sorted(labels, reverse=True)
    return state["labels"]


def collect(interface, state, label, inp):
    state["top"].extend((count, word) for word, count in inp)


def finish(interface, state):
    out = interface.output(0)
    out.add("labels", sorted(set(state["labels"])))
    out.add("info", state["info"])
    for count, word in sorted(state["top"], reverse=True)[: state["n"]]:
        out.add(word, count)


class Top(Job):
    pass


job = Top(worker=Worker()).run(
    input=[["raw://the cat sat"], ["raw://on the mat"], ["raw://a horse on the cat"]],
    pipeline=[
        ("split", Stage("words", process=split_words)),
        ("group_label", Stage("count", process=count_words, combine=True, sort=True)),
        ("group_all", Stage("top", init=start, input_hook=backwards, process=collect, done=finish)),
    ],
    params=3,
)
for key, value in result_iterator(job.wait()):
    print(key, value)
