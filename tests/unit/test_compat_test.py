"""`disco.test` of the `disco` face: test cases with a cluster and a server."""

from __future__ import annotations

import io
import threading
import unittest
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from disco_sim.compat import masters
from disco_sim.compat.disco.core import Disco, result_iterator
from disco_sim.compat.disco.error import CommError, DataError
from disco_sim.compat.disco.test import FailedReply, TestCase, TestJob, TestPipe, TestRunner, TestServer
from disco_sim.compat.disco.worker.pipeline.worker import Stage

HERE = __name__


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """No master stays open, and no server."""
    before = threading.active_count()
    yield
    masters.forget()
    assert threading.active_count() == before


class Echo(TestJob):
    """Gives every line it reads."""

    @staticmethod
    def map(line: Any, params: Any) -> Any:
        yield line, 1


class Pipe(TestPipe):
    """Gives every line it reads, upper case."""

    @staticmethod
    def process(interface: Any, state: Any, label: int, inp: Any) -> None:
        for line in inp:
            interface.output(0).add(line.upper(), label)

    pipeline = [("split", Stage("only", process=process.__func__))]  # type: ignore[attr-defined]  # noqa: RUF012


def outcome(test: Callable[[Any], None], **members: Any) -> unittest.TestResult:
    """How a test case with this one test, and other members, goes."""
    case = type("Case", (TestCase,), {"test": test, **members})
    result = unittest.TestResult()
    case("test").run(result)
    return result


def is_good(result: unittest.TestResult) -> bool:
    """Whether everything was well; what was not is printed for the reader of a failure."""
    for _, text in [*result.errors, *result.failures]:
        print(text)
    return result.wasSuccessful() and result.testsRun == 1


def fetch(url: str) -> bytes:
    """What is found at a URL of this machine, whatever proxies there are."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=20) as reply:
        data: bytes = reply.read()
        return data


def test_inputs_are_served_and_the_job_is_purged() -> None:
    """A job reads what serve returns, str and bytes; afterwards it is unknown."""
    jobs = []

    def test(self: Any) -> None:
        self.job = Echo().run(input=self.urls(["one", "two words"]))
        self.assertResults(self.job, [(b"one!\n", 1), (b"two words!", 1)])
        jobs.append(self.job)

    assert is_good(outcome(test, serve=lambda self, path: f"{path}!\n" if path == "one" else f"{path}!".encode()))
    assert jobs[0].results()[0] == "unknown job"


def test_replicas_and_the_test_servers_own_urls() -> None:
    """A list of paths is a list of replicas, and the first good one is read."""

    def test(self: Any) -> None:
        assert self.test_server_address == self.test_server.address
        self.job = Echo().run(input=self.test_server.urls([["bad", "good"]]))
        self.assertAllEqual(self.results(self.job), [(b"yes", 1)])

    def serve(self: Any, path: str) -> Any:
        return "yes" if path == "good" else FailedReply(503)

    assert is_good(outcome(test, serve=serve))


@pytest.mark.parametrize(
    ("reply", "status"),
    [(None, 404), (FailedReply, 500), (FailedReply(503), 503), (FailedReply("told"), 500)],
)
def test_what_a_reply_becomes(reply: Any, status: int) -> None:
    """None is a 404, and a FailedReply, raised or returned, its status."""

    def raising(path: str) -> Any:
        if isinstance(reply, FailedReply):
            raise reply
        return reply

    for serve in (lambda path: reply, raising):
        server = TestServer(serve)
        try:
            with pytest.raises(urllib.error.HTTPError) as caught:
                fetch(server.urls(["x"])[0])
            caught.value.close()
            assert caught.value.code == status
        finally:
            server.stop()


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=5))
@example(["a b", "grün", "a/b", "/a", "//a", "what?", "50%", "#", "..", "", "\r\n"])
def test_paths_arrive_as_they_were_given(paths: list[str]) -> None:
    """Any text survives the way through a URL, but for slashes in front."""
    server = TestServer(lambda path: repr(path))
    try:
        assert [fetch(url).decode() for url in server.urls(paths)] == [repr(path.lstrip("/")) for path in paths]
    finally:
        server.stop()


def test_an_error_in_serve_is_an_error_of_the_test() -> None:
    """The one who asks gets a 500, and the test ends with what serve raised, traceback and all."""

    def test(self: Any) -> None:
        with pytest.raises(urllib.error.HTTPError) as caught:
            fetch(self.urls(["x"])[0])
        caught.value.close()

    def serve(self: Any, path: str) -> Any:
        raise ZeroDivisionError("in serve")

    result = outcome(test, serve=serve)
    assert [text.strip().endswith("ZeroDivisionError: in serve") for _, text in result.errors] == [True]


def test_the_server_ends_with_a_failing_test_and_the_test_can_run_again() -> None:
    """A test that fails leaves no thread and no port behind; run again, it has a new server."""
    urls = []

    def test(self: Any) -> None:
        urls.extend(self.urls(["x"]))
        self.assertEqual(fetch(urls[-1]), b"other")

    case = type("Case", (TestCase,), {"test": test, "serve": lambda self, path: "x"})("test")
    for _ in range(2):
        result = unittest.TestResult()
        case.run(result)
        assert len(result.failures) == 1
        with pytest.raises(urllib.error.URLError):
            fetch(urls[-1])


def test_proxies_of_the_environment_do_not_catch_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a proxy in the environment inputs of this machine are still read."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    def test(self: Any) -> None:
        self.job = Echo().run(input=self.urls(["x"]))
        self.assertResults(self.job, [(b"x", 1)])

    assert is_good(outcome(test, serve=lambda self, path: path))


def test_a_pipeline_of_tests() -> None:
    """TestPipe runs its class's pipeline."""

    def test(self: Any) -> None:
        self.job = Pipe().run(input=[self.urls(["x"])])
        self.assertResults(self.job, [(b"X", 0)])

    assert is_good(outcome(test, serve=lambda self, path: path))


def test_disco_and_ddfs_are_the_masters() -> None:
    """disco is the connection that Job() has as well, ddfs its file system; a test may set its own."""

    def test(self: Any) -> None:
        self.assertIsInstance(self.disco, Disco)
        self.assertIs(self.disco, self.disco)
        self.assertEqual(self.ddfs.list("none:"), [])
        self.disco = Disco("disco://localhost:8995")
        self.assertEqual(self.disco.master, "http://localhost:8995")

    assert is_good(outcome(test))


def test_results_are_compared_without_their_order() -> None:
    """assertResults counts: one result too many, or a wrong one, fails, another order does not."""

    def test(self: Any) -> None:
        self.job = Echo().run(input=["raw://a", "raw://b", "raw://a"])
        self.assertResults(self.job, [("a", 1), ("a", 1), ("b", 1)])
        self.assertResults(self.job.name, iter([("b", 1), ("a", 1), ("a", 1)]))
        for wrong in ([("a", 1), ("b", 1)], [("a", 1), ("b", 1), ("b", 1)], []):
            with self.assertRaises(AssertionError):
                self.assertResults(self.job, wrong)
        self.assertEqual(len(list(result_iterator(self.job.wait()))), 3)

    assert is_good(outcome(test))


@pytest.mark.parametrize(
    ("results", "expected", "says"),
    [([1, 2], [1, 3], "item 1 differs"), ([1], [1, 2], "item 1 is missing: 2"), ([1, 2], [1], "too many: 2")],
)
def test_items_are_compared_one_by_one(results: Any, expected: Any, says: str) -> None:
    """assertAllEqual says which item differs, is missing or is too many; equal iterators pass."""
    case = TestCase("assertAllEqual")
    case.assertAllEqual(iter(expected), list(expected))
    with pytest.raises(AssertionError, match=says):
        case.assertAllEqual(iter(results), expected)


def test_a_comm_error_has_its_code() -> None:
    """assertCommErrorCode passes for that code alone; other errors are not its business."""

    def raising(error: Exception) -> Callable[[], Any]:
        def call() -> None:
            raise error

        return call

    case = TestCase("assertCommErrorCode")
    case.assertCommErrorCode(404, raising(CommError("not there", "http://x", 404)))
    with pytest.raises(AssertionError, match="code 500 was raised, not 404"):
        case.assertCommErrorCode(404, raising(CommError("broken", "http://x", 500)))
    with pytest.raises(AssertionError, match="not raised; the call gave 5"):
        case.assertCommErrorCode(404, lambda: 5)
    with pytest.raises(DataError):
        case.assertCommErrorCode(404, raising(DataError("bad", "http://x")))


def test_old_names_of_assertions_are_alive_and_silent() -> None:
    """Names that unittest has dropped, or warns of, work without a warning."""
    case = TestCase("assertEqual")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        case.assertEquals(1, 1)
        case.assertNotEquals(1, 2)
        case.assertAlmostEquals(1, 1 + 1e-9)
        case.assertNotAlmostEquals(1, 2)
        case.assertItemsEqual([1, 2], [2, 1])
        case.assertRegexpMatches("abc", "b")
        case.assertNotRegexpMatches("abc", "d")
        case.assert_(True)
        case.failUnless(True)
        case.failIf(False)
        case.failUnlessEqual(1, 1)
        case.failIfEqual(1, 2)
        case.failUnlessRaises(ValueError, int, "x")
        case.assertDictContainsSubset({"a": 1}, {"a": 1, "b": 2})
        with case.assertRaisesRegexp(ValueError, "invalid"):
            int("x")
    for wrong in (
        lambda: case.failUnlessEqual(1, 2),
        lambda: case.assertItemsEqual([1], [1, 1]),
        lambda: case.assertDictContainsSubset({"a": 2}, {"a": 1}),
    ):
        with pytest.raises(AssertionError):
            wrong()


class Named(TestCase):
    """A case that TestRunner finds by its name; pytest is to leave it alone."""

    __test__ = False

    def runTest(self) -> None:
        self.assertEqual(1, 1)

    def test_wrong(self) -> None:
        self.assertEqual(1, 2)


@pytest.mark.parametrize(
    ("tests", "counts"),
    [
        ((f"{HERE}.Named.test_wrong",), (1, 1)),
        (([f"{HERE}.Named.runTest"],), (1, 0)),
        ((unittest.TestSuite([Named(), Named("test_wrong")]),), (2, 1)),
        ((Named(), f"{HERE}.Named.test_wrong"), (2, 1)),
        (("no_such_module_of_tests",), (1, 0)),
    ],
)
def test_tests_are_run_by_their_names(tests: Any, counts: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Dotted names, lists of them, cases and suites; what cannot be found is an error of the result."""
    import sys

    monkeypatch.setitem(sys.modules, HERE, sys.modules.get(HERE) or _this_module())
    stream = io.StringIO()
    result = TestRunner(stream=stream, verbosity=0).run(*tests)
    assert (result.testsRun, len(result.failures)) == counts
    assert len(result.errors) == (tests == ("no_such_module_of_tests",))
    assert f"Ran {counts[0]} test" in stream.getvalue()


def _this_module() -> Any:
    import types

    module = types.ModuleType(HERE)
    module.Named = Named  # type: ignore[attr-defined]
    return module


def test_only_cases_of_users_are_collected() -> None:
    """pytest collects subclasses, and not what a test module imports from here."""
    assert not TestCase.__test__
    assert not any(kind.__test__ for kind in (TestJob, TestPipe, TestRunner, TestServer))
    assert type("Case", (TestCase,), {}).__test__
    assert not Named.__test__
