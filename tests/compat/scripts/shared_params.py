"""Params travel to every task, functions in them too; what a task changes of them is its own."""

from disco.core import Disco, Params, result_iterator


def is_long(word, least=3):
    return len(word) >= least


def long_map(line, params):
    params.seen.append(line)
    for word in line.split():
        if params.is_long(word):
            yield word, (params.weigh(word), len(params.seen))


params = Params(is_long=is_long, weigh=lambda word: len(word) * 10, seen=[])
job = Disco("disco://localhost").new_job(
    name="params", input=["raw://a cat is here", "raw://the dog"], map=long_map, params=params
)
for pair in sorted(result_iterator(job.wait())):
    print(pair)
print(params.seen)
