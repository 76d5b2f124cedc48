"""Compressed input, a function with arguments bound by partial, a range of numbers, and several kinds of results."""

import gzip
import os
from functools import partial

from disco.core import Disco, result_iterator
from disco.func import make_range_partition, nop_reduce
from disco.worker.classic.func import gzip_reader, task_input_stream

with gzip.open("numbers.zipped", "wt") as file:
    file.write("10\n90\n40\n50\n")


def scale_map(factor, line, params):
    yield int(line) * factor, line.strip()


job = Disco("disco://localhost").new_job(
    name="zipped",
    input=[os.path.abspath("numbers.zipped")],
    map=partial(scale_map, 2),
    map_input_stream=[task_input_stream, gzip_reader],
    partition=make_range_partition(0, 200),
    partitions=2,
    reduce=nop_reduce,
)
for part in job.wait():
    print(sorted(result_iterator([part])))
