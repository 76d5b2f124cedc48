"""A reader of its own, a map_init that skips the header, a partition function of its own, and results by partition."""

import os
import sys

from disco.core import Disco, Params, result_iterator

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")


def csv_reader(fd, size, url):
    import csv

    return csv.reader(line.decode("utf-8") for line in fd)


def skip_header(input_iter, params):
    next(input_iter)


def sales_map(row, params):
    city, amount = row
    if city not in params.left_out:
        return [(city, float(amount))]
    return []


def by_letter(key, nr_partitions, params):
    return 0 if key[0] < params.border else nr_partitions - 1


def sales_reduce(iter, out, params):
    totals = {}
    for city, amount in iter:
        totals[city] = totals.get(city, 0) + amount
    for city in sorted(totals):
        out.add(city, totals[city])


disco = Disco(sys.argv[1] if len(sys.argv) > 1 else "disco://localhost")
job = disco.new_job(
    name="sales",
    input=[os.path.join(HERE, name) for name in ("north.csv", "south.csv")],
    map=sales_map,
    map_init=skip_header,
    map_reader=csv_reader,
    partition=by_letter,
    partitions=2,
    reduce=sales_reduce,
    params=Params(border="C", left_out=["Rome"]),
)
for number, part in enumerate(job.wait()):
    for city, total in result_iterator([part]):
        print(number, city, total)
