"""An external program does the mapping, and gets parameters; reduce is Python."""

import os

from disco.core import Disco, result_iterator
from disco.util import external

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "lengths")


def fun_reduce(iter, params):
    for length, words in kvgroup(sorted(iter)):
        yield int(length), sorted(words)


job = Disco("disco://localhost").new_job(
    name="outside", input=["raw://cat", "raw://horse", "raw://dog"], map=external([PROGRAM]), reduce=fun_reduce
)
for length, words in result_iterator(job.wait()):
    print(length, b" ".join(words).decode())
