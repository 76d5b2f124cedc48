"""Data pushed to DDFS under a tag, then read by a job through the tag; and results that are saved as a tag."""

import io
import os

from disco.core import Disco, result_iterator
from disco.ddfs import DDFS

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")

ddfs = DDFS("disco://localhost")
ddfs.push("data:lines", [os.path.join(DATA, "lines.txt"), (io.BytesIO(b"dog\n"), "more")])
ddfs.tag("data:all", [["tag://data:lines"]])
print(ddfs.exists("data:lines"), ddfs.exists("data:none"), sorted(ddfs.list("data:")))
print(sorted(DDFS.blob_name(urls[0]) for urls in ddfs.blobs("data:all")))


def fun_map(line, params):
    return [(word, 1) for word in line.split()]


def fun_reduce(iter, params):
    for word, counts in kvgroup(sorted(iter)):
        yield word, sum(counts)


disco = Disco("disco://localhost")
job = disco.new_job(name="tagged", input=["tag://data:all"], map=fun_map, reduce=fun_reduce, save_results=True)
results = job.wait()
print(results == ["tag://disco:results:" + job.name])
for word, count in result_iterator(results):
    print(word.decode(), count)
ddfs.delete("data:lines")
print(ddfs.exists("data:lines"))
