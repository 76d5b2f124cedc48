"""pysparkling: an RDD, as one would write it for Spark."""

from operator import add

from answer import N_INPUTS, Pairs, fun_map, last_digit, main
from pysparkling import Context


def words(path: str, variant: str) -> Pairs:
    return Context().textFile(path, N_INPUTS).flatMap(fun_map).reduceByKey(add).collect()


def tasks(n_tasks: int, variant: str) -> Pairs:
    entries = Context().parallelize([str(number) for number in range(n_tasks)], n_tasks)
    return entries.flatMap(last_digit).reduceByKey(add).collect()


if __name__ == "__main__":
    main(words, tasks)
