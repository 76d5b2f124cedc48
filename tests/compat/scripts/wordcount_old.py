"""The word count of Disco 0.3's tutorial: new_job, a reduce that adds to `out`, and a loop over the results."""

import sys

from disco.core import Disco, result_iterator


def fun_map(e, params):
    return [(w, 1) for w in e.split()]


def fun_reduce(iter, out, params):
    stats = {}
    for word, count in iter:
        if word in stats:
            stats[word] += int(count)
        else:
            stats[word] = int(count)
    for word, total in stats.items():
        out.add(word, total)


master = sys.argv[1] if len(sys.argv) > 1 else "disco://localhost"
print("Starting Disco job..")
results = (
    Disco(master)
    .new_job(
        name="wordcount",
        input=["raw://the cat sat", "raw://on the mat", "raw://a dog sat", "raw://on the cat"],
        map=fun_map,
        reduce=fun_reduce,
    )
    .wait()
)
print("Job done. Results:")
for word, total in sorted(result_iterator(results)):
    print("%-5s %d" % (word, total))
