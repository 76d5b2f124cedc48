"""Modules and files that a job's functions need: named modules, a shipped one, files by path and by content."""

import os

from disco.job import Job
from disco.core import result_iterator

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")


def listed_map(line, params):
    with open("lib/stopwords.txt") as file:
        stop = set(file.read().split())
    for word in line.split():
        if word not in stop:
            yield texts.labelled(word), math.floor(len(word) / 2)


def named_map(line, params):
    with open("config/limit.txt") as file:
        yield line, int(file.read())


job = Job("listed").run(
    input=["raw://the cat sat on the mat"],
    map=listed_map,
    required_modules=["math", ("texts", os.path.join(DATA, "texts.py"))],
    required_files=[os.path.join(DATA, "stopwords.txt")],
)
print(list(result_iterator(job.wait())))
job = Job("named").run(input=["raw://x"], map=named_map, required_files={"config/limit.txt": b"42\n"})
print(list(result_iterator(job.wait())))
