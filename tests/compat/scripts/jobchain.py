"""JobChain runs each job when the jobs that it reads from are ready."""

from disco.core import result_iterator
from disco.job import Job, JobChain
from disco.worker.classic.func import chain_reader


class Split(Job):
    @staticmethod
    def map(line, params):
        for word in line.split():
            yield word, 1


class Count(Job):
    map_reader = staticmethod(chain_reader)

    @staticmethod
    def map(entry, params):
        yield entry

    @staticmethod
    def reduce(iter, params):
        for word, counts in kvgroup(sorted(iter)):
            yield word, sum(counts)


first, second, count = Split(name="first"), Split(name="second"), Count()
chain = JobChain({first: ["raw://a b a"], second: ["raw://b c"], count: [first, second]})
chain.wait()
print([job.results()[0] for job in (first, second, count)])
print([url.split("://")[0] for url in chain[first]], [job.name.split("@")[0] for job in chain[count]])
print(sorted(result_iterator(count.wait())))
chain.purge()
print(count.results()[0])
