"""A word count as a pipeline of two stages, with a state that init makes and done writes."""

from disco.core import Job, result_iterator
from disco.worker.pipeline.worker import Stage, Worker


def map_process(interface, state, label, inp):
    for line in inp:
        for word in line.decode().split():
            interface.output(len(word) % 2).add(word, 1)


def reduce_init(interface, params):
    return {"minimum": params["minimum"], "counts": {}}


def reduce_process(interface, state, label, inp):
    for word, count in inp:
        state["counts"][word] = state["counts"].get(word, 0) + count
    worker.active_task.put("label:%d" % label, b"seen")


def reduce_done(interface, state):
    out = interface.output(0)
    for word, count in sorted(state["counts"].items()):
        if count >= state["minimum"]:
            out.add(word, count)


class Count(Job):
    Worker = Worker
    pipeline = [
        ("split", Stage("map", process=map_process)),
        ("group_label", Stage("reduce", init=reduce_init, process=reduce_process, done=reduce_done)),
    ]


if __name__ == "__main__":
    import os

    data = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
    with open(os.path.join(data, "lines.txt")) as file:
        print(len(file.readlines()), "lines")
    path = os.path.join(data, "lines.txt")
    job = Count().run(input=[[path], [path]], params={"minimum": 3})
    print(sorted(result_iterator(job.wait())))
    print(sorted(job.oob_list()))
    print([row[0] for row in job.jobinfo()["pipeline"]])
