"""k-means, a job a round: each round's centers are the next one's params; old jobs are purged."""

import sys

from disco.core import Disco, Params, result_iterator

POINTS = ["1,1", "1,2", "2,1", "8,8", "8,9", "9,8", "4,5"]


def nearest_map(line, params):
    x, y = map(float, line.split(","))
    distances = [(x - a) ** 2 + (y - b) ** 2 for a, b in params.centers]
    yield distances.index(min(distances)), (x, y, 1)


def add_combiner(key, value, buffer, done, params):
    if done:
        return buffer.items()
    x, y, n = buffer.get(key, (0, 0, 0))
    buffer[key] = (x + value[0], y + value[1], n + value[2])


def center_reduce(iter, out, params):
    from disco.util import kvgroup

    for number, sums in kvgroup(sorted(iter)):
        xs, ys, ns = zip(*sums)
        out.add(number, (sum(xs) / sum(ns), sum(ys) / sum(ns), sum(ns)))


def main(master, rounds):
    disco = Disco(master)
    params = Params(centers=[(0.0, 0.0), (10.0, 10.0)])
    for number in range(rounds):
        job = disco.new_job(
            name="kmeans-%d" % number,
            input=["raw://" + point for point in POINTS],
            map=nearest_map,
            combiner=add_combiner,
            reduce=center_reduce,
            partitions=None,
            params=params,
        )
        found = dict(result_iterator(job.wait()))
        disco.purge(job.name)
        params.centers = [(round(found[key][0], 3), round(found[key][1], 3)) for key in sorted(found)]
        print(params.centers, [found[key][2] for key in sorted(found)])


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "disco://localhost", 3)
