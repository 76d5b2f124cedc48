"""The first script of Disco 0.5's users: plain functions, called map and reduce, and a look at the events."""

import os

from disco.core import Job, result_iterator

TEXT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "lines.txt")


def map(line, params):
    for word in line.split():
        yield word, 1


def reduce(iter, params):
    from disco.util import kvgroup

    for word, counts in kvgroup(sorted(iter)):
        yield word, sum(counts)


if __name__ == "__main__":
    job = Job().run(input=[TEXT], map=map, reduce=reduce)
    for word, count in result_iterator(job.wait(show="nocolor")):
        print(word, count)
