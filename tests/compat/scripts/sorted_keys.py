"""sort=True sorts keys by their bytes, within each partition; numbers as text sort as text."""

from disco.core import Job, result_iterator


def fun_map(line, params):
    return [(word, 1) for word in line.split()]


def bytes_map(line, params):
    return [(word.encode(), 1) for word in line.split()]


def fun_reduce(iter, params):
    for word, counts in kvgroup(iter):
        yield word, sum(counts)


for function in (fun_map, bytes_map):
    for partitions in (1, 3):
        job = Job("sorted").run(
            input=["raw://the cat sat", "raw://on the mat", "raw://a dog sat", "raw://on the cat 10 9"],
            map=function,
            reduce=fun_reduce,
            partitions=partitions,
            sort=True,
        )
        print(*[word if isinstance(word, str) else word.decode() for word, _ in result_iterator(job.wait())])
