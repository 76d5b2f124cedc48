"""Inputs of a scheme that the user wrote, in a module disco/schemes/scheme_twice.py beside the script."""

from disco.core import Job, result_iterator


def fun_map(line, params):
    yield line.strip().decode(), 1


print(list(result_iterator(Job("twice").run(input=["twice://cat"], map=fun_map).wait())))
