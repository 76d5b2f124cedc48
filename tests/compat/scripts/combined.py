"""A combiner adds up within each map task, so that reduce gets a pair a word and task."""

from disco.core import Disco, result_iterator
from disco.func import sum_combiner


def fun_map(line, params):
    return [(word, 1) for word in line.split()]


def own_combiner(key, value, buffer, done, params):
    if done:
        assert key is None and value is None
        return iter(sorted(buffer.items()))
    buffer[key] = buffer.get(key, 0) + value


def fun_reduce(iter, params):
    pieces = {}
    for word, count in iter:
        pieces.setdefault(word, []).append(count)
    return sorted((word, sorted(counts)) for word, counts in pieces.items())


for combiner in (own_combiner, sum_combiner, None):
    job = Disco("disco://localhost").new_job(
        name="combined", input=["raw://a b a a", "raw://b a b"], map=fun_map, combiner=combiner, reduce=fun_reduce
    )
    print(list(result_iterator(job.wait())))
