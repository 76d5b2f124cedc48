"""A file of tests that is run as a script, and ends with unittest's own exit status."""

import unittest

from disco.test import TestCase, TestJob


class SimpleJob(TestJob):
    partitions = 2

    @staticmethod
    def map(e, params):
        yield b"=" + e, e

    @staticmethod
    def reduce(iter, params):
        for k, v in sorted(iter):
            yield k + b"!", v + b"?"


class SimpleTestCase(TestCase):
    inputs = ["ape", "cat", "dog"]

    def serve(self, path):
        return "\n".join([path] * 3)

    def runTest(self):
        self.job = SimpleJob().run(input=self.test_server.urls(self.inputs))
        found = sorted((key.replace(b"\n", b""), value.strip(b"\n?")) for key, value in self.results(self.job))
        expected = [(b"=" + name.encode() + b"!", name.encode()) for name in self.inputs for _ in range(3)]
        self.assertAllEqual(found, expected)
        print("compared", len(found))


if __name__ == "__main__":
    unittest.main()
