"""A log file read with re_reader, whose pattern is bytes, from both places where old code finds re_reader."""

import os
from functools import partial

from disco.core import Disco, result_iterator
from disco.func import re_reader
from disco.worker.task_io import re_reader as newer_reader

LOG = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "access.log")


def status_map(entry, params):
    page, status = entry
    yield int(status), page


def pages_reduce(iter, params):
    for status, pages in kvgroup(sorted(iter)):
        yield status, sorted(set(pages))


disco = Disco("disco://localhost")
for reader in re_reader, newer_reader:
    job = disco.new_job(
        name="statuses",
        input=[LOG],
        map=status_map,
        map_reader=partial(reader, rb"(.*?) (\d+)\n"),
        reduce=pages_reduce,
        partitions=None,
    )
    for status, pages in result_iterator(job.wait()):
        print(status, b" ".join(pages).decode())
    job.purge()
