"""Parameters from a worker, from the Job and from run: the last one wins."""

from disco.core import Job, result_iterator
from disco.worker.classic.worker import Worker


class Upper(Worker):
    def defaults(self):
        return {**super().defaults(), "map": lambda line, params: [(line.upper(), params)], "params": "default"}


class Plain(Job):
    Worker = Upper


class Own(Plain):
    params = "job"


def shown(job, **arguments):
    print(*result_iterator(job.run(input=["raw://a"], **arguments).wait()))


shown(Plain())
shown(Plain(worker=Upper(params="worker")))
shown(Own(worker=Upper(params="worker")))
shown(Own(), params="run")
shown(Job(name="classic", worker=Worker(map=lambda line, params: [(line, 1)])))
