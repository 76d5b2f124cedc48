"""One job's results are the next one's inputs, read with chain_reader: words by how often they came."""

from disco.core import Job, result_iterator
from disco.worker.classic.func import chain_reader


def count_map(line, params):
    for word in line.split():
        yield word, 1


def count_reduce(iter, params):
    for word, counts in kvgroup(sorted(iter)):
        yield word, sum(counts)


def turn_map(entry, params):
    word, count = entry
    yield count, word


def turn_reduce(iter, params):
    for count, words in kvgroup(sorted(iter, reverse=True)):
        yield count, sorted(words)


counts = Job("counts").run(
    input=["raw://b a b", "raw://c b a", "raw://d"], map=count_map, reduce=count_reduce, partitions=2
)
turned = Job("turned").run(
    input=counts.wait(), map=turn_map, map_reader=chain_reader, reduce=turn_reduce, partitions=None
)
for count, words in result_iterator(turned.wait()):
    print(count, *words)

# Without a map, reduce reads the results as they are.
total = Job("total").run(input=counts.wait(), reduce=lambda iter, params: [("all", sum(n for _, n in iter))])
print(sum(n for _, n in result_iterator(total.wait())))
