"""A reduce that failed is run again on what the map left, with a job that has no map."""

from disco.core import Disco, JobError, result_iterator


def fun_map(line, params):
    return [(word, 1) for word in line.split()]


def broken_reduce(iter, params):
    raise ValueError("not today")


def good_reduce(iter, params):
    for word, counts in kvgroup(sorted(iter)):
        yield word, sum(counts)


disco = Disco("disco://localhost")
job = disco.new_job(
    name="broken", input=["raw://a b", "raw://b c", "raw://c a b"], map=fun_map, reduce=broken_reduce, partitions=2
)
try:
    job.wait()
except JobError as error:
    print("ValueError: not today" in str(error))
left = disco.stageresults(job.name, "map_shuffle")
again = disco.new_job(name="again", input=left, reduce=good_reduce)
print(sorted(result_iterator(again.wait())))
