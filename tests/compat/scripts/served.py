"""Tests as Disco's users write them: inputs are served by the test itself."""

import sys
import unittest

from disco.core import result_iterator
from disco.error import JobError
from disco.test import FailedReply, TestCase, TestJob


class CountJob(TestJob):
    @staticmethod
    def map(line, params):
        for word in line.split():
            yield word.decode(), 1

    @staticmethod
    def reduce(iter, params):
        for word, counts in kvgroup(sorted(iter)):
            yield word, sum(counts)


class CountTestCase(TestCase):
    replies = {"first": "a b a\n", "second": b"b c\n"}

    def serve(self, path):
        if path == "bad":
            raise FailedReply(503)
        return self.replies[path]

    def test_counts(self):
        self.job = CountJob().run(input=self.test_server.urls(["first", "second"]))
        self.assertResults(self.job, [("c", 1), ("b", 2), ("a", 2)])
        self.assertEquals(sorted(result_iterator(self.job.wait())), [("a", 2), ("b", 2), ("c", 1)])

    def test_replicas(self):
        self.job = CountJob().run(input=self.test_server.urls([["bad", "second"]]))
        self.assertAllEqual(sorted(self.results(self.job)), [("b", 1), ("c", 1)])

    def test_nothing_served(self):
        self.job = CountJob().run(input=self.test_server.urls(["bad"]))
        self.assertRaises(JobError, self.job.wait)
        self.assertCommErrorCode(404, lambda: self.ddfs.get("no:such:tag"))

    def test_wrong(self):
        self.job = CountJob().run(input=self.test_server.urls(["first"]))
        self.assertResults(self.job, [("a", 3), ("b", 1)])


suite = unittest.defaultTestLoader.loadTestsFromTestCase(CountTestCase)
result = unittest.TextTestRunner(stream=sys.stderr).run(suite)
print(result.testsRun, len(result.failures), len(result.errors))
print([test.id().split(".")[-1] for test, _ in result.failures])
