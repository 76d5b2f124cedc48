"""A name that Python 3 has dropped from a module, used inside a job function."""

from disco.core import Disco, result_iterator


def fun_map(line, params):
    import string

    yield line, line[0] in string.letters


print("submitted")
job = Disco("disco://localhost").new_job(name="letters", input=["raw://a"], map=fun_map)
print(list(result_iterator(job.wait())))
