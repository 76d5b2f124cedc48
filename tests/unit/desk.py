"""A scheduler to talk to, event by event; and a small world that obeys one, in which anything may go wrong."""

from __future__ import annotations

import math

from disco_sim.model import events
from disco_sim.model.cluster import ClusterSpec, Node
from disco_sim.model.job import Limits
from disco_sim.model.plan import Output, Stage, TaskInputs
from disco_sim.sim.clock import NOW, Clock
from disco_sim.sim.scheduler import Scheduler

BEFORE, ENDED = -1, -2
"""Of a run of a World that has not begun, and of one whose end is on its way: instead of its end's serial."""

PLAN = (Stage("x", "split"), Stage("y", "group_all"))


def inputs_at(*homes):
    """What tasks read; each is given as the hosts of its one input's replicas, or () for no input."""
    tasks = []
    for places in homes:
        others = tuple((host, "u") for host in places[1:])
        pieces = (Output(0, places[0], 0, 0, "u", others),) if places else ()
        tasks.append(TaskInputs(0, tuple(places), pieces))
    return tuple(tasks)


def run(task, host, slot, *, job="j", stage="x", attempt=0, replica=0):
    return events.StartRun(job, stage, task, attempt, host, slot, replica)


class Desk:
    """A scheduler and short ways to tell it what happened; its invariants hold after each event."""

    def __init__(self, *nodes, **options):
        self.scheduler = Scheduler(ClusterSpec(tuple(Node(*node) for node in nodes)), **options)

    def tell(self, event):
        orders = self.scheduler.handle(event)
        self.scheduler.check()
        return list(orders)

    def submit(self, job="j", serial=0, plan=PLAN, limits=None, at=0.0):
        return self.tell(events.JobSubmitted(at, job, serial, plan, 0, limits or Limits()))

    def begin(self, *homes, job="j", stage="x", at=0.0):
        """A stage begins."""
        return self.tell(events.StageStarted(at, job, stage, inputs_at(*homes)))

    def done(self, task, host, job="j", stage="x", attempt=0, at=1.0):
        return self.tell(events.RunFinished(at, job, stage, task, attempt, host, 0, 0, 0, 0, 0))

    def failed(self, task, host, kind="data", job="j", stage="x", attempt=0, luck=0.0, at=1.0, cause=""):
        return self.tell(events.RunFailed(at, job, stage, task, attempt, host, kind, "oops", 0, 0, 0, luck, cause))

    def requeued(self, task, job="j", stage="x", at=2.0):
        return self.tell(events.TaskRequeued(at, job, stage, task))

    def output_lost(self, task, host="a", job="j", stage="x", at=1.0):
        return self.tell(events.OutputLost(at, job, stage, task, host, f"{host} died"))

    def finished(self, stage="x", job="j", at=1.0):
        return self.tell(events.StageFinished(at, job, stage))

    def died(self, host, at=1.0):
        return self.tell(events.NodeDied(at, host))

    def returned(self, host, at=2.0):
        return self.tell(events.NodeReturned(at, host))

    def looked(self, at, job="j", stage="x"):
        return self.tell(events.CopiesDue(at, job, stage))


class World:
    """Does what a scheduler says. `end_of(started)` gives how long a run takes and the kind of its failure, or None.

    `log` is all that happened, `orders` what the scheduler said to each of it.
    A node's death loses its runs, what done tasks of active jobs stored there, and the runs of the next stage.
    """

    def __init__(self, spec, end_of, homes=(), **options):
        self.spec = spec
        self.scheduler = Scheduler(spec, **options)
        self.clock = Clock()
        self.log = []
        self.orders = []
        self._end_of = end_of
        self._homes = homes
        self._plans = {}
        self._n_tasks = {}
        self._running = {}
        self._stored = {}

    def submit(self, job, serial, plan, n_tasks, limits=None, at=0.0):
        """A job whose stages have `n_tasks` tasks each."""
        self._n_tasks[job] = n_tasks
        self.clock.put(at, events.JobSubmitted(at, job, serial, plan, 0, limits or Limits()))

    def play(self, until_s=math.inf, check=True):
        """Let everything happen until a time; with many tasks it takes long to check the scheduler after each event."""
        while (event := self.clock.pop(until_s)) is not None:
            if event[1:5] in self._running and isinstance(event, (events.RunFinished, events.RunFailed)):
                del self._running[event[1:5]]
            self.log.append(event)
            effect = getattr(self, f"_{type(event).__name__}", None)
            if effect is not None:
                effect(event)
            orders = self.scheduler.handle(event)
            self.orders.append(orders)
            for order in orders:
                getattr(self, f"_{type(order).__name__}")(order)
            if check:
                self.scheduler.check()
        return self.log

    def _soon(self, kind, *fields):
        self.clock.put(self.clock.now_s, kind(self.clock.now_s, *fields), NOW)

    # -- what happens --------------------------------------------------------------------------

    def _JobSubmitted(self, event):
        self._plans[event.job] = [stage.name for stage in event.plan]

    def _RunStarted(self, event):
        if self._running[event[1:5]][1] != BEFORE:
            return  # dropped before it began
        seconds, kind = self._end_of(event)
        where = (self.clock.now_s + seconds, *event[1:6])
        end = events.RunFailed(*where, kind, kind, 0, 0, 0, 0.0) if kind else events.RunFinished(*where, 0, 0, 0, 0, 0)
        self._running[event[1:5]] = event.host, self.clock.put(end.time_s, end)

    def _RunFinished(self, event):
        self._stored[event[1:4]] = event.host

    def _OutputLost(self, event):
        plan = self._plans[event.job]
        later = plan[plan.index(event.stage) + 1 :]
        for run in list(self._running):
            if run[0] == event.job and run[1] in later[:1]:
                self._lose(run, "input lost: a node died")

    def _NodeDied(self, event):
        for run, (host, _) in list(self._running.items()):
            if host == event.host:
                self._lose(run, f"{host} died")
        for task, host in list(self._stored.items()):
            if host == event.host and task[0] in self._plans:
                del self._stored[task]
                self._soon(events.OutputLost, *task, host, f"{host} died")

    def _JobFinished(self, event):
        del self._plans[event.job]

    _JobDied = _JobFinished

    def _lose(self, run, reason):
        host, serial = self._running[run]
        if serial != ENDED:
            self.clock.withdraw(serial)
            self._running[run] = host, ENDED
            self._soon(events.RunFailed, *run, host, "lost", reason, 0, 0, 0, 0.0)

    # -- what is asked for ---------------------------------------------------------------------

    def _StartStage(self, order):
        n = self._n_tasks[order.job]
        homes = [self._homes[number % len(self._homes)] if self._homes else () for number in range(n)]
        self._soon(events.StageStarted, *order, inputs_at(*homes))

    def _StartRun(self, order):
        self._running[order[:4]] = order.host, BEFORE
        self._soon(events.RunStarted, *order)

    def _DelayTask(self, order):
        time_s = self.clock.now_s + order.wait_s
        self.clock.put(time_s, events.TaskRequeued(time_s, *order[:3]))

    def _WatchCopies(self, order):
        time_s = self.clock.now_s + order.wait_s
        self.clock.put(time_s, events.CopiesDue(time_s, *order[:2]))

    def _DropRun(self, order):
        self._lose(order[:4], order.reason)

    def _FinishStage(self, order):
        self._soon(events.StageFinished, *order)

    def _FinishJob(self, order):
        self._soon(events.JobFinished, *order)

    def _EndJob(self, order):
        self._soon(events.JobDied, *order)
