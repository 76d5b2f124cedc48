"""dict.iteritems in a job function: the job dies of Python's AttributeError, told with the script's own line."""

from disco.core import Disco, result_iterator


def fun_map(line, params):
    return [(word, 1) for word in line.split()]


def fun_reduce(iter, out, params):
    counts = {}
    for word, count in iter:
        counts[word] = counts.get(word, 0) + count
    for word, count in counts.iteritems():
        out.add(word, count)


print("submitted")
job = Disco("disco://localhost").new_job(name="old", input=["raw://a b a"], map=fun_map, reduce=fun_reduce)
for word, count in result_iterator(job.wait()):
    print(word, count)
