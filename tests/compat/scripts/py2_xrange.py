"""A builtin that Python 3 does not have, in a job function."""

from disco.core import Disco, result_iterator


def fun_map(line, params):
    for number in xrange(int(line)):
        yield number, line


job = Disco("disco://localhost").new_job(name="ranges", input=["raw://3"], map=fun_map, partitions=None)
print(list(result_iterator(job.wait())))
