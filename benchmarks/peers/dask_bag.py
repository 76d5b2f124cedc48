"""dask.bag: its own operator `frequencies`; the variant is its scheduler."""

import dask.bag
from answer import Pairs, last_digit, main, piece_bytes


def counted(keys: dask.bag.Bag, variant: str) -> Pairs:
    return keys.frequencies().compute(scheduler=variant, num_workers=2)


def words(path: str, variant: str) -> Pairs:
    return counted(dask.bag.read_text(path, blocksize=piece_bytes(path)).map(str.split).flatten(), variant)


def tasks(n_tasks: int, variant: str) -> Pairs:
    entries = dask.bag.from_sequence(map(str, range(n_tasks)), npartitions=n_tasks)
    return counted(entries.map(last_digit).flatten().pluck(0), variant)


if __name__ == "__main__":
    main(words, tasks)
