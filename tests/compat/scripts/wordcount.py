"""The word count of Disco 0.5's tutorial: a Job in a file that imports itself, for the workers need a module."""

from disco.core import Job, result_iterator
from disco.util import kvgroup

MINIMUM = 2


class WordCount(Job):
    partitions = 3
    sort = True

    @staticmethod
    def map(line, params):
        for word in line.split():
            yield word, 1

    @staticmethod
    def reduce(rows_iter, params):
        for word, counts in kvgroup(rows_iter):
            total = sum(counts)
            if total >= MINIMUM:
                yield word, total


if __name__ == "__main__":
    from wordcount import WordCount

    job = WordCount().run(input=["raw://the cat sat", "raw://on the mat", "raw://a dog sat", "raw://on the cat"])
    print(job.name.split("@")[0])
    for word, total in sorted(result_iterator(job.wait(show=False))):
        print(word, total)
    print(job.results()[0])
