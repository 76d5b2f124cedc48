"""Tests of jobs, as Disco's own and its users' are written: a TestCase with a cluster, and a server for inputs.

class WordCountTestCase(TestCase):
    def serve(self, path):
        return "to be or\\n" + path

    def runTest(self):
        self.job = WordCount().run(input=self.urls(["not", "to be"]))
        self.assertResults(self.job, [("be", 2), ("not", 1), ("or", 2), ("to", 2)])
"""

from __future__ import annotations

import threading
import unittest
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import zip_longest
from typing import Any, ClassVar
from urllib.parse import quote, unquote

from disco_sim.compat.disco.core import Disco, result_iterator
from disco_sim.compat.disco.ddfs import DDFS
from disco_sim.compat.disco.error import CommError
from disco_sim.compat.disco.job import Job
from disco_sim.compat.disco.worker.pipeline.worker import Worker as PipelineWorker

__all__ = ["FailedReply", "TestCase", "TestJob", "TestPipe", "TestRunner", "TestServer"]

_HOST = "127.0.0.1"
_PATIENCE_S = 20
_MISSING: Any = object()


class FailedReply(Exception):
    """What `serve` raises or returns so that a request fails: with HTTP status `status`, and a text."""

    def __init__(self, status: int | str = HTTPStatus.INTERNAL_SERVER_ERROR, message: str = "") -> None:
        if isinstance(status, str):
            message, status = status, int(HTTPStatus.INTERNAL_SERVER_ERROR)
        self.status = int(status)
        super().__init__(message or f"the test's server answers {self.status}")


class TestServer:
    """An HTTP server on this machine that answers GET with what `serve(path)` returns; its thread ends with `stop`.

    str goes out as UTF-8, bytes as they are; None is a 404. What `serve` raises, other than FailedReply, is a 500 for
    the one who asked, and raised by `stop`.
    """

    __test__ = False  # for pytest: no test of its own

    def __init__(self, serve: Callable[[str], Any]) -> None:
        self.errors: list[BaseException] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            timeout = _PATIENCE_S

            def do_GET(self) -> None:
                status, reply = server._answer(serve, unquote(self.path.removeprefix("/")))
                self.send_response(status)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, format: str, *arguments: Any) -> None:
                """Nothing is logged: the output is the test's."""

        self._server = HTTPServer((_HOST, 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return _HOST, self._server.server_port

    def urls(self, inputs: Iterable[Any]) -> list[Any]:
        """A URL of this server for each path; a list of paths becomes a list of URLs, which are replicas.

        A slash in front of a path is left out.
        """
        return [self.urls(one) if isinstance(one, (list, tuple)) else self._url(str(one)) for one in inputs]

    def _url(self, path: str) -> str:
        return f"http://{_HOST}:{self._server.server_port}/{quote(path.lstrip('/'))}"

    def _answer(self, serve: Callable[[str], Any], path: str) -> tuple[int, bytes]:
        try:
            reply = serve(path)
        except FailedReply as failed:
            reply = failed
        except Exception as error:
            self.errors.append(error)
            return HTTPStatus.INTERNAL_SERVER_ERROR, b""
        if isinstance(reply, type) and issubclass(reply, FailedReply):
            reply = reply()
        if isinstance(reply, FailedReply):
            return reply.status, str(reply).encode()
        if reply is None:
            return HTTPStatus.NOT_FOUND, b""
        return HTTPStatus.OK, reply if isinstance(reply, bytes) else str(reply).encode()

    def stop(self) -> None:
        """End the thread and close the port.

        Raises:
            Exception: The first thing that `serve` raised.
        """
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        if self.errors:
            raise self.errors[0]


class TestCase(unittest.TestCase):
    """A unittest.TestCase with a cluster: `disco`, `ddfs`, and `test_server`, made when they are first asked for.

    `serve(path)` says what the server answers, `urls([path, ...])` gives inputs that are read from it. It runs in a
    thread of its own while tasks run, so the current folder may be a task's, and it ends with the test. `self.job`, if
    a test sets it, is purged afterwards.
    """

    __test__: ClassVar[bool] = True

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__test__" not in vars(cls):
            cls.__test__ = True

    @cached_property
    def disco(self) -> Any:
        """The master that the settings name."""
        return Disco()

    @cached_property
    def ddfs(self) -> Any:
        """Disco's file system of the same master."""
        return DDFS()

    @cached_property
    def test_server(self) -> TestServer:
        """The server of this test."""
        server = TestServer(lambda path: self.serve(path))
        self.addCleanup(self._stop, server)
        return server

    @property
    def test_server_address(self) -> tuple[str, int]:
        """Host and port of the server of this test."""
        return self.test_server.address

    def _stop(self, server: TestServer) -> None:
        vars(self).pop("test_server", None)  # the test may be run again
        server.stop()

    def serve(self, path: str) -> Any:
        """What is found at `path`, which has no slash in front: str or bytes, None for nothing, or a FailedReply.

        Redefine it; without that, nothing is found anywhere.
        """
        return None

    def urls(self, inputs: Iterable[Any]) -> list[Any]:
        """A URL of `test_server` for each path; a list of paths becomes a list of replicas."""
        return self.test_server.urls(inputs)

    def tearDown(self) -> None:
        """Purge `self.job`, if there is one."""
        job = getattr(self, "job", None)
        if isinstance(job, Job):
            job.purge()

    def results(self, job: Any, **options: Any) -> Iterator[Any]:
        """The results of a job, which is waited for; `options` are those of `result_iterator`."""
        found: Iterator[Any] = result_iterator(self.disco.wait(getattr(job, "name", job)), **options)
        return found

    def assertResults(self, job: Any, results: Iterable[Any]) -> None:
        """Fail unless the job, when it is ready, has exactly these results; their order does not count.

        The order of a job's results depends on its partitions and nodes, so a test of it would be one of the cluster.
        """
        self.assertCountEqual(list(self.results(job)), list(results))

    def assertAllEqual(self, results: Iterable[Any], expected: Iterable[Any]) -> None:
        """Fail unless both give equal items, in the same order, and equally many."""
        for number, (result, wanted) in enumerate(zip_longest(results, expected, fillvalue=_MISSING)):
            if result is _MISSING or wanted is _MISSING:
                there, one = ("missing", wanted) if result is _MISSING else ("too many", result)
                self.fail(f"item {number} is {there}: {one!r}")
            self.assertEqual(result, wanted, f"item {number} differs")

    def assertCommErrorCode(self, code: int, callable: Callable[[], Any]) -> None:
        """Fail unless calling gives a CommError with this HTTP status."""
        try:
            found = callable()
        except CommError as error:
            if error.code != code:
                self.fail(f"CommError code {error.code} was raised, not {code}: {error}")
            return
        self.fail(f"CommError code {code} was not raised; the call gave {found!r}")

    # Names that unittest has dropped, and old tests use.
    assertEquals = unittest.TestCase.assertEqual
    assertNotEquals = unittest.TestCase.assertNotEqual
    assertAlmostEquals = unittest.TestCase.assertAlmostEqual
    assertNotAlmostEquals = unittest.TestCase.assertNotAlmostEqual
    assertItemsEqual = unittest.TestCase.assertCountEqual
    assertSameElements = unittest.TestCase.assertCountEqual
    assertRaisesRegexp = unittest.TestCase.assertRaisesRegex
    assertRegexpMatches = unittest.TestCase.assertRegex
    assertNotRegexpMatches = unittest.TestCase.assertNotRegex
    assert_ = unittest.TestCase.assertTrue
    failUnless = unittest.TestCase.assertTrue
    failIf = unittest.TestCase.assertFalse
    failUnlessEqual = unittest.TestCase.assertEqual
    failIfEqual = unittest.TestCase.assertNotEqual
    failUnlessAlmostEqual = unittest.TestCase.assertAlmostEqual
    failIfAlmostEqual = unittest.TestCase.assertNotAlmostEqual
    failUnlessRaises = unittest.TestCase.assertRaises

    def assertDictContainsSubset(self, subset: Any, dictionary: Any, msg: Any = None) -> None:
        """Fail unless `dictionary` has all of `subset`'s keys with equal values."""
        self.assertEqual({**dictionary, **subset}, dict(dictionary), msg)


# The base itself has no tests, whoever imports it.
TestCase.__test__ = False


class TestJob(Job):
    """A Job of tests: it runs on the master that the tests' `disco` is."""

    __test__ = False


class TestPipe(Job):
    """A Job of tests that is a pipeline: its class has `pipeline = [(grouping, Stage), ...]`."""

    __test__ = False
    Worker = PipelineWorker


class TestRunner(unittest.TextTestRunner):
    """Runs tests by their dotted names, such as `test_wordcount` or `test_wordcount.WordCountTestCase`.

    >>> import io
    >>> result = TestRunner(stream=io.StringIO()).run("disco_sim.compat.disco.test.TestCase")
    >>> result.testsRun, result.wasSuccessful()
    (0, True)
    """

    __test__ = False

    def __init__(self, settings: Any = None, **options: Any) -> None:
        # The first argument of unittest's own runner is a stream.
        if hasattr(settings, "write"):
            options["stream"], settings = settings, None
        self.settings = settings
        super().__init__(**options)

    def run(  # type: ignore[override]  # names are taken beside what unittest gives
        self, *tests: str | unittest.TestSuite | unittest.TestCase | Sequence[str]
    ) -> unittest.TestResult:
        """Run tests: dotted names, lists of them, or tests and suites themselves; the result, as unittest has it."""
        suite = unittest.TestSuite()
        for test in tests:
            if isinstance(test, (unittest.TestSuite, unittest.TestCase)):
                suite.addTest(test)
            else:
                names = [test] if isinstance(test, str) else list(test)
                suite.addTests(unittest.defaultTestLoader.loadTestsFromNames(names))
        return super().run(suite)
