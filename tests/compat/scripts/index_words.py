"""An inverted index over files: the name of the file is in this_inputs(), positions come from the reader."""

import os

from disco.core import Job, result_iterator

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")


def numbered(fd, size, url, params):
    for number, line in enumerate(fd, 1):
        yield number, line.decode("utf-8")


class Index(Job):
    map_reader = staticmethod(numbered)
    partitions = 4

    @staticmethod
    def map(entry, params):
        number, line = entry
        ((url,),) = this_inputs()
        for word in line.split():
            yield word, (os.path.basename(url), number)

    @staticmethod
    def reduce(iter, params):
        for word, places in kvgroup(sorted(iter)):
            yield word, list(places)


if __name__ == "__main__":
    job = Index().run(input=[os.path.join(HERE, "lines.txt"), os.path.join(HERE, "stopwords.txt")])
    for word, places in sorted(result_iterator(job.wait())):
        print(word, *["%s:%d" % place for place in places])
