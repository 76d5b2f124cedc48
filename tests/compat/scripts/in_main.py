"""A Job class of the script itself, which real workers cannot import: here it works, with the script's own names."""

from disco.core import Job, result_iterator


def shout(text):
    return text.upper() + "!"


class Shout(Job):
    def __init__(self, times):
        super().__init__()
        self.params = times

    @staticmethod
    def map(line, params):
        yield shout(line), params


for pair in sorted(result_iterator(Shout(3).run(input=["raw://a", "raw://b", "raw://c"]).wait())):
    print(pair)
