"""The clock and the cluster against bare loops that do the same, as ratios of CPU seconds.

The two sides take turns in one process, and medians over the turns are compared, so that a slow machine is slow for
both. They have to come to the same virtual time, or their CPU seconds mean nothing, and the table says so. The bare
loops are what somebody would write who wants that time only: no log, no stores, nothing fails, nothing can be asked.
"""

from __future__ import annotations

import argparse
import gc
import math
import multiprocessing
import resource
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random
from typing import Any, NamedTuple

from disco_sim import Disco
from disco_sim.cluster.simulated import SimulatedCluster
from disco_sim.func import sum_reduce
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.job import JobRequest
from disco_sim.model.plan import Output, Stage
from disco_sim.model.work import Counts, Read, TaskOutcome, TaskWork
from disco_sim.sim.clock import LATER, Clock
from disco_sim.sim.costs import Costs
from disco_sim.store.facts import TaskKey
from disco_sim.store.outcomes import Computed

N_TIMERS = 1_000
N_SLOTS = 4


class Row(NamedTuple):
    """A line of the table."""

    what: str
    ours: str
    yardstick: str = ""
    ratio: str = ""
    wanted: str = ""


Benchmark = Callable[[argparse.Namespace], Iterator[Row]]


class Taken(NamedTuple):
    """CPU seconds of both sides, medians over the turns, and the median of their ratios, as the table tells it."""

    ours_s: float
    yardstick_s: float
    ratio: str


def compared(ours: Callable[[], float], yardstick: Callable[[], float], turns: int) -> Taken:
    """Measure both by turns."""
    ours_s: list[float] = []
    yardstick_s: list[float] = []
    are_equal = True
    for _ in range(turns):
        bare_s, expected = cpu_s(yardstick)
        our_s, answer = cpu_s(ours)
        ours_s.append(our_s)
        yardstick_s.append(bare_s)
        are_equal = are_equal and is_same(answer, expected)
    ratio = statistics.median(our_s / bare_s for our_s, bare_s in zip(ours_s, yardstick_s, strict=True))
    return Taken(statistics.median(ours_s), statistics.median(yardstick_s), f"{ratio:.2f}" if are_equal else "void")


def is_same(answer: float, expected: float) -> bool:
    """Whether two virtual times differ by no more than rounding does; if not, it is told."""
    if math.isclose(answer, expected, rel_tol=0, abs_tol=1e-9):
        return True
    print(f"void: ours came to {answer!r} s of virtual time, and the yardstick to {expected!r} s")
    return False


def cpu_s(work: Callable[[], float]) -> tuple[float, float]:
    """The CPU seconds of one call, and its answer."""
    gc.collect()
    start = time.process_time()
    answer = work()
    return time.process_time() - start, answer


# -- the kernel: timers that ring, and are set again ---------------------------------------------------


def kernel(arguments: argparse.Namespace) -> Iterator[Row]:
    """Bare events through the clock, against a heap of the same tuples."""
    random = Random(1)
    periods = [random.random() for _ in range(N_TIMERS)]
    n_events = arguments.events
    taken = compared(lambda: clock_of(periods, n_events), lambda: heap_of(periods, n_events), arguments.turns)
    yield Row(
        f"clock: {n_events:,} events of {N_TIMERS:,} timers",
        f"{n_events / taken.ours_s:,.0f} events/s",
        f"{n_events / taken.yardstick_s:,.0f} events/s",
        taken.ratio,
        "1,000,000 events/s, 1.3",
    )


def clock_of(periods: list[float], n_events: int) -> float:
    """Let timers ring by `Clock`; the virtual time of the last event."""
    clock: Clock[Callable[[], None]] = Clock()
    put, pop = clock.put, clock.pop

    def timer(period: float) -> Callable[[], None]:
        def ring() -> None:
            put(clock.now_s + period, ring)

        return ring

    for period in periods:
        put(period, timer(period))
    for _ in range(n_events):
        event = pop()
        assert event is not None
        event()
    return clock.now_s


def heap_of(periods: list[float], n_events: int) -> float:
    """The same with a list, `heappush` and `heappop`."""
    heap: list[tuple[float, int, int, Callable[[], None]]] = []
    now_s, serial = 0.0, 0

    def timer(period: float) -> Callable[[], None]:
        def ring() -> None:
            nonlocal serial
            serial += 1
            heappush(heap, (now_s + period, LATER, serial, ring))

        return ring

    for period in periods:
        serial += 1
        heappush(heap, (period, LATER, serial, timer(period)))
    for _ in range(n_events):
        now_s, _, _, event = heappop(heap)
        event()
    return now_s


# -- the cluster: start-up, the queue of the node's disk, CPU ------------------------------------------


@dataclass(frozen=True)
class Load:
    """A job of one stage that gives every node the same tasks, so that none is ever moved to another node's disk.

    Task i has its input at node i % n_nodes, and is the (i // n_nodes)-th task there: so both sides place tasks by the
    same rule. Nodes are a little faster from one to the next, or most events would be at the same times.
    """

    request: JobRequest
    spec: ClusterSpec
    outcomes: list[TaskOutcome]
    recorded: dict[TaskKey, Computed]

    @classmethod
    def of(cls, n_tasks: int, n_nodes: int) -> Load:
        """Tasks that read 16 to 128 MB each; as many as there can be with the same number for every node."""
        random = Random(2)
        nodes = ClusterSpec.of(n_nodes, N_SLOTS).nodes
        nodes = tuple(node._replace(speed=1 + number * 1e-8) for number, node in enumerate(nodes))
        sizes = [random.randrange(16_000_000, 128_000_000) for _ in range(max(1, n_tasks // n_nodes))]
        outcomes = [TaskOutcome(counts=Counts(n_bytes // 100, read=(Read(0, 0, n_bytes),))) for n_bytes in sizes]
        inputs = tuple(
            Output(0, node.host, 0, n_bytes, f"raw://{number}-{node.host}")
            for number, n_bytes in enumerate(sizes)
            for node in nodes
        )
        request = JobRequest("job@1", 1, (Stage("map", "split"),), inputs, None)
        recorded = {("map", task): Computed(outcomes[task // n_nodes], (piece,)) for task, piece in enumerate(inputs)}
        return cls(request, ClusterSpec(nodes), outcomes, recorded)


class Nothing:
    """An engine that is never asked: all outcomes are recorded."""

    def compute(self, work: TaskWork) -> TaskOutcome:
        """No outcome."""
        raise AssertionError(f"task {work.task} was computed")


def cluster(arguments: argparse.Namespace) -> Iterator[Row]:
    """Recorded tasks on the simulated cluster, against a loop over three kinds of events."""
    load = Load.of(arguments.tasks, arguments.nodes)
    n_tasks, n_nodes = len(load.request.inputs), arguments.nodes
    taken = compared(lambda: makespan_s(simulated(load)), lambda: by_hand(load), arguments.turns)
    yield Row(
        f"cluster: {n_tasks:,} tasks on {n_nodes:,} nodes x {N_SLOTS}",
        f"{taken.ours_s / n_tasks * 1e6:,.1f} us/task",
        f"{taken.yardstick_s / n_tasks * 1e6:,.1f} us/task",
        taken.ratio,
        "3",
    )


def simulated(load: Load) -> SimulatedCluster:
    """The cluster after the job, with its full log."""
    cluster = SimulatedCluster(load.spec, Nothing(), costs=Costs())
    cluster.submit(load.request, load.recorded)
    cluster.finish()
    return cluster


def makespan_s(cluster: SimulatedCluster) -> float:
    """When the job was ready; no number if it is not."""
    return cluster.log[-1].time_s if cluster.jobs.status("job@1") == "ready" else math.nan


STARTED, READ, COMPUTED = range(3)


def by_hand(load: Load) -> float:
    """When the last task is done, by a loop with the least state: a heap, a queue a node, and when its disk is free."""
    costs, n_nodes, n_tasks = Costs(), len(load.spec.nodes), len(load.request.inputs)
    counts = [outcome.counts for outcome in load.outcomes]
    read_s = [one.bytes_in / costs.disk_bytes_s for one in counts]
    compute_s = [costs.cpu_record_s * one.records_in + costs.cpu_byte_s * one.bytes_in for one in counts]
    speeds = [node.speed for node in load.spec.nodes]
    waiting = [deque(range(node, n_tasks, n_nodes)) for node in range(n_nodes)]
    disk_free_s = [0.0] * n_nodes
    heap: list[tuple[float, int, int, int]] = []
    now_s, serial = 0.0, 0
    for _ in range(N_SLOTS):
        for tasks in waiting:
            if tasks:
                serial += 1
                heappush(heap, (costs.startup_s, serial, STARTED, tasks.popleft()))
    while heap:
        now_s, _, what, task = heappop(heap)
        serial += 1
        number, node = divmod(task, n_nodes)
        if what == STARTED:
            disk_free_s[node] = max(now_s, disk_free_s[node]) + read_s[number]
            heappush(heap, (disk_free_s[node], serial, READ, task))
        elif what == READ:
            heappush(heap, (now_s + compute_s[number] / speeds[node], serial, COMPUTED, task))
        elif tasks := waiting[node]:
            heappush(heap, (now_s + costs.startup_s, serial, STARTED, tasks.popleft()))
    return now_s


# -- what if -------------------------------------------------------------------------------------------


def what_if(arguments: argparse.Namespace) -> Iterator[Row]:
    """Fifty clusters for a job that has run; nothing is computed again."""
    partitions = 16
    n_inputs = arguments.what_if_tasks - partitions
    with Disco(nodes=100, slots=4, costs=Costs(cpu_record_s=0.01)) as disco:
        inputs = [f"raw://{number}" for number in range(n_inputs)]
        job = disco.new_job(name="many", input=inputs, map=last_letter, reduce=sum_reduce, partitions=partitions)
        job.wait()
        gc.collect()
        start_s, start_cpu_s = time.perf_counter(), time.process_time()
        rows = job.what_if(nodes=[1, 2, 4, 8, 16, 32, 64, 100, 200, 400], slots=[1, 2, 4, 8, 16])
        wall_s, took_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
    if rows.computed.any():
        raise SystemExit("a run was computed again, so these seconds are not those of what_if")
    yield Row(
        f"what_if: {len(rows)} settings of {n_inputs + partitions:,} tasks",
        f"{took_s / len(rows) / (n_inputs + partitions) * 1e6:,.1f} us/task",
    )
    yield Row("  CPU time", f"{took_s:,.1f} s", wanted="15 s")
    yield Row("  wall time", f"{wall_s:,.1f} s")


def last_letter(line: str, params: Any) -> list[tuple[str, int]]:
    """The last letter of a line."""
    return [(line[-1], 1)]


# -- a million tasks, once -----------------------------------------------------------------------------


def million(arguments: argparse.Namespace) -> Iterator[Row]:
    """Many tasks on many nodes in a process of its own, so that the most memory is its own."""
    n_tasks, n_nodes = arguments.tasks, arguments.nodes
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        wall_s, took_s, peak_bytes, n_events, answer = pool.apply(once, (n_tasks, n_nodes))
    load = Load.of(n_tasks, n_nodes)
    n_tasks = len(load.request.inputs)
    bare_s, expected = cpu_s(lambda: by_hand(load))
    yield Row(
        f"cluster: {n_tasks:,} tasks on {n_nodes:,} nodes x {N_SLOTS}",
        f"{took_s / n_tasks * 1e6:,.1f} us/task",
        f"{bare_s / n_tasks * 1e6:,.1f} us/task",
        f"{took_s / bare_s:.2f}" if is_same(answer, expected) else "void",
    )
    yield Row("  wall time", f"{wall_s:,.1f} s", wanted="30 s")
    yield Row("  most memory, with that of Python and the inputs", f"{peak_bytes / 1e6:,.0f} MB", wanted="3,000 MB")
    yield Row("  events in the log", f"{n_events:,}")


def once(n_tasks: int, n_nodes: int) -> tuple[float, float, int, int, float]:
    """Wall and CPU seconds of a job, the most memory of this process, the events in the log, and the makespan."""
    load = Load.of(n_tasks, n_nodes)
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    cluster = simulated(load)
    wall_s, took_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
    unit = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss is counted in
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return wall_s, took_s, peak_bytes, len(cluster.log), makespan_s(cluster)


# -- the table -----------------------------------------------------------------------------------------

USUAL: tuple[Benchmark, ...] = (kernel, cluster, what_if)
"""What is measured without options, a section of this file each."""

LONG: tuple[Benchmark, ...] = (million,)
"""What is measured with --million."""


def show(row: Row) -> None:
    """Print a line of the table as soon as it is known."""
    print(f"{row.what:<50} {row.ours:>20} {row.yardstick:>20} {row.ratio:>7}  {row.wanted}".rstrip(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000, help="events of the clock: 1,000,000")
    parser.add_argument("--tasks", type=int, help="tasks of the cluster's job: 100,000; with --million 1,000,000")
    parser.add_argument("--nodes", type=int, help="nodes of the cluster: 1,000; with --million 10,000")
    parser.add_argument("--what-if-tasks", type=int, default=10_000, help="tasks of the job of what_if: 10,000")
    parser.add_argument("--turns", type=int, default=5, help="how often each is measured: 5")
    parser.add_argument("--million", action="store_true", help="only a million tasks on 10,000 nodes, once")
    arguments = parser.parse_args()
    arguments.tasks = arguments.tasks or (1_000_000 if arguments.million else 100_000)
    arguments.nodes = arguments.nodes or (10_000 if arguments.million else 1_000)
    show(Row("what", "ours", "yardstick", "ratio", "wanted, at least and at most"))
    for benchmark in LONG if arguments.million else USUAL:
        for row in benchmark(arguments):
            show(row)


if __name__ == "__main__":
    main()
