"""How long work takes: counted work becomes phases, and phases played on a node become virtual seconds.

Defaults depend on counts only, never on the machine that runs the simulation, so timelines are reproducible.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple

from disco_sim.error import DiscoError
from disco_sim.model.cluster import Node
from disco_sim.model.keyed_random import draw
from disco_sim.model.plan import Output
from disco_sim.model.work import Counts
from disco_sim.sim.fitting import fit_cpu
from disco_sim.tables import Table, counted, table, table_text

_LEAST_LUCK = 2.0**-54  # a draw may be 0, and a normal deviate of 0 would be minus infinity


class Phase(NamedTuple):
    """A part of a task run: its kind, how much of what (seconds or bytes), and the resource it uses.

    `sources` of a transfer over the network are (host, bytes), once per host; '' is outside the cluster. `idle` is the
    share of a CPU phase that the run sleeps.
    """

    kind: str
    amount: float
    resource: str
    sources: tuple[tuple[str, float], ...] = ()
    idle: float = 0.0


class _Kind(NamedTuple):
    """A kind of price: which values it may have, in code and in words."""

    holds: Callable[[Any], bool]
    rule: str


class _Price(NamedTuple):
    """What a field of `Costs` means."""

    kind: _Kind
    unit: str
    meaning: str


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_SECONDS = _Kind(lambda value: _is_number(value) and 0 <= value <= 1e9, "a number of seconds from 0 to a billion")
_RATE = _Kind(
    lambda value: _is_number(value) and value >= 1e-3, "a number of bytes a second, at least 0.001 (math.inf for free)"
)
# At 3 the run in the middle takes a hundredth of the mean already; a speed must never come out as 0.
_SIGMA = _Kind(lambda value: _is_number(value) and 0 <= value <= 3, "a number from 0, for no luck, to 3")
_SHARE = _Kind(lambda value: _is_number(value) and 0 <= value <= 1, "a share, a number from 0 to 1")
_TIMES = _Kind(lambda value: _is_number(value) and 1 <= value < math.inf, "a finite number of 1 or more")
_WHOLE = _Kind(lambda value: type(value) is int and value >= 0, "a whole number, 0 or more")
_FLAG = _Kind(lambda value: type(value) is bool, "True or False")

_PRICES = {
    "startup_s": _Price(_SECONDS, "s a run", "before a run does anything: its process or container starts"),
    "cpu_task_s": _Price(_SECONDS, "s a run", "CPU of every run, whatever it reads, on a node of speed 1"),
    "cpu_record_s": _Price(_SECONDS, "s a record", "CPU for each record in or out, on a node of speed 1"),
    "cpu_byte_s": _Price(_SECONDS, "s a byte", "CPU for each byte in or out, on a node of speed 1"),
    "disk_bytes_s": _Price(_RATE, "bytes a s", "a node's disk, reading or writing"),
    "port_bytes_s": _Price(_RATE, "bytes a s", "a node's network port, each way"),
    "latency_s": _Price(_SECONDS, "s a piece", "before each piece that comes from another node arrives"),
    "noise": _Price(_SIGMA, "sigma", "luck of a run: its CPU seconds times a lognormal factor of mean 1"),
    "straggler_share": _Price(_SHARE, "share", "luck of a run: how likely it is a straggler"),
    "straggler_factor": _Price(_TIMES, "times", "how much longer the CPU work of a straggler takes"),
    "node_noise": _Price(_SIGMA, "sigma", "luck of a node: its speed times a lognormal factor of mean 1"),
    "exact_flows": _Price(_WHOLE, "transfers", "up to so many at once the network is shared exactly, above by port"),
    "is_measured": _Price(_FLAG, "", "whether CPU seconds are those the functions really took here"),
}


@dataclass(frozen=True, kw_only=True)
class Costs:
    """The prices of work; the defaults are round numbers of a 2010 gigabit cluster. `print(costs)` tells each.

    A run starts up, reads from its disk, transfers the rest, computes and writes. Its CPU seconds on a node of speed 1
    are `cpu_task_s` + `cpu_record_s` x records + `cpu_byte_s` x bytes, in and out, and luck makes them longer or
    shorter: by `noise`, for a `straggler_share` of runs by `straggler_factor`, and for a node as a whole by
    `node_noise`. `disk_bytes_s` and `port_bytes_s` are bytes a second of a node's disk and of its network port, each
    way. Up to `exact_flows` transfers at once share the network exactly (max-min fair), above that by port.

    >>> Costs(cpu_record_s=1e-4)
    Costs(cpu_record_s=0.0001)

    Raises:
        DiscoError: For a price that is no number or of which time would go back or stand still.
    """

    startup_s: float = 0.5
    cpu_task_s: float = 0.0
    cpu_record_s: float = 1e-6
    cpu_byte_s: float = 1e-8
    disk_bytes_s: float = 100e6
    port_bytes_s: float = 125e6
    latency_s: float = 1e-3
    noise: float = 0.0
    straggler_share: float = 0.0
    straggler_factor: float = 8.0
    node_noise: float = 0.0
    exact_flows: int = 500
    is_measured: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            name, price = field.name, getattr(self, field.name)
            kind = _PRICES[name].kind
            if not kind.holds(price):
                raise DiscoError(
                    f"Costs({name}={price!r}) was given; {name} is {kind.rule}: change it, or leave it out for "
                    f"{field.default!r}",
                    name=name,
                )

    # -- ready-made prices -------------------------------------------------------------------------

    @classmethod
    def gigabit_2010(cls, **prices: Any) -> Costs:
        """The defaults: a cluster of Disco's own days, with a disk and a gigabit port in each node.

        A gigabit is 125 MB/s. A round trip in a datacenter took 0.5 ms and a disk read 50 MB/s by Jeff Dean's
        "Numbers everyone should know" (2009); that a request takes twice the round trip, and that a disk which is read
        in one go gives 100 MB/s, is our assumption, and so are 0.5 s to start a Python worker, 1 us of CPU a record
        and 10 ns a byte. A Java cluster took longer to start: Qubole tell of 4 to 8 s for a new JVM a task in 2014
        ("Re-using JVMs across Hadoop jobs"), so `startup_s=5.0` is nearer to Hadoop. `prices` replace single ones.
        """
        return cls(**prices)

    @classmethod
    def laptop(cls, **prices: Any) -> Costs:
        """Workers that are processes of one machine, as those of a local Dask are.

        Dask's documentation speaks of about 1 ms for each task, and we measured 1.6 ms between tasks of a local
        cluster: hence 1.5 ms. CPU prices are rounded from what the word count of the sample text took us in pure
        Python, on one core. An NVMe disk of 2018 reads 3.5 and writes 2.5 GB/s (Samsung's numbers for the 970 EVO);
        ours gives 2 GB/s, for no file is read at its best. We measured 5 GB/s and a round trip of 0.05 ms through the
        loopback; that a worker gets 2 GB/s and waits for 0.1 ms is our assumption. Each node has a disk and a port of
        its own here, though really all would share one. `prices` replace single ones.
        """
        return cls(
            **{
                "startup_s": 1.5e-3,
                "cpu_task_s": 5e-4,
                "cpu_record_s": 5e-7,
                "cpu_byte_s": 1e-8,
                "disk_bytes_s": 2e9,
                "port_bytes_s": 2e9,
                "latency_s": 1e-4,
                **prices,
            }
        )

    @classmethod
    def cloud_10_gigabit(cls, **prices: Any) -> Costs:
        """Rented machines with a port of 10 gigabits, an SSD, and a container for each run.

        10 gigabits are 1.25 GB/s. A container starts in 0.57 s on a cloud SSD by arXiv 2602.15214 (2026), hence 0.6 s,
        with its image there already. A volume of the usual kind (gp3 of Amazon) gives 125 to 1000 MiB/s, as you pay:
        500 MB/s are our assumption. Pings within one zone took 0.2 to 0.5 ms (measured on EC2 by others in 2009), and
        0.5 ms for a request are our assumption, as are CPU prices like those of `laptop`. `prices` replace single ones.
        """
        return cls(
            **{
                "startup_s": 0.6,
                "cpu_task_s": 5e-4,
                "cpu_record_s": 5e-7,
                "cpu_byte_s": 1e-8,
                "disk_bytes_s": 500e6,
                "port_bytes_s": 1.25e9,
                "latency_s": 5e-4,
                **prices,
            }
        )

    @classmethod
    def measured(cls, **prices: Any) -> Costs:
        """Costs whose CPU seconds are those that the job functions really took when they ran here.

        Warning: timelines then differ from machine to machine and from run to run, and so does what depends on them:
        where a task runs, which comes first. Results do not. The seconds are those of the thread that computed the
        run; time in other threads and processes, and waiting, are not in them. To have such prices and the same
        timelines every time, run a job once and take `Costs.fit(job)`.
        """
        return cls(**{"is_measured": True, **prices})

    @classmethod
    def fit(cls, job: Any, **prices: Any) -> Costs:
        """Costs with the CPU prices that the runs of a finished job really took here; `prices` are the other ones.

        The three prices, none below 0, are those by which the least sum of squared differences is left over all
        finished runs of all stages; runs of several sizes tell them apart best.

        Raises:
            DiscoError: If `job` is none, or none of its runs has ended well and was measured.
        """
        if not hasattr(job, "samples"):
            raise DiscoError(
                f"Costs.fit({job!r}) was called; prices are learned from a job that has run: "
                "job = disco.new_job(...), job.wait(), Costs.fit(job)"
            )
        samples = list(job.samples())
        if not any(cpu_s > 0 for cpu_s, _, _ in samples):
            found = "no finished run"
            if samples:
                found = f"{counted(len(samples), 'finished run')}, and what was measured took no CPU seconds"
            raise DiscoError(
                f"Costs.fit of job {getattr(job, 'name', job)!r} found {found}; prices are learned from what runs "
                "took: call job.wait() first, or fit a job with more input",
                job=getattr(job, "name", None),
            )
        task_s, record_s, byte_s = fit_cpu(samples)
        return cls(cpu_task_s=task_s, cpu_record_s=record_s, cpu_byte_s=byte_s, **prices)

    # -- luck --------------------------------------------------------------------------------------

    def run_factor(self, seed: int, serial: int, stage: str, task: int, attempt: int) -> float:
        """How many times longer the CPU work of a run takes by luck: on any node and any number of nodes the same."""
        factor = 1.0
        if self.noise:
            factor = _lognormal(self.noise, draw(seed, "noise", serial, stage, task, attempt))
        if self.straggler_share and draw(seed, "straggler", serial, stage, task, attempt) < self.straggler_share:
            factor *= self.straggler_factor
        return factor

    def node_speed(self, seed: int, node: Node) -> float:
        """The speed of a node, with its luck."""
        if not self.node_noise:
            return node.speed
        return node.speed * _lognormal(self.node_noise, draw(seed, "node speed", node.host))

    # -- time --------------------------------------------------------------------------------------

    def phases(
        self, counts: Counts, inputs: tuple[Output, ...], node: Node, factor: float = 1.0, speed: float | None = None
    ) -> tuple[Phase, ...]:
        """The phases of a run on `node` that did the work of `counts`, reading from where `inputs` are.

        The CPU work takes `factor` times as long as usual, and is divided by `speed` (None: the node's). Sleep is
        neither. Hosts of which no byte was read are no source of the transfer. But for start-up and CPU, what there is
        nothing of is left out.
        """
        # Called for every run of a job of a million tasks: one pass, and nothing made that is not there.
        n_local = n_remote = n_pieces = 0
        sources: dict[str, float] = {}
        host = node.host
        for piece, replica, n_bytes in counts.read:
            # The first replica is at the piece's own host; `replicas` makes a tuple every time.
            source = inputs[piece].replicas[replica][0] if replica else inputs[piece].host
            if source == host:
                n_local += n_bytes
                continue
            n_pieces += 1
            if n_bytes:
                n_remote += n_bytes
                sources[source] = sources.get(source, 0) + n_bytes
        if self.is_measured:
            cpu_s = counts.cpu_s
        else:
            cpu_s = (
                self.cpu_task_s
                + self.cpu_record_s * (counts.records_in + counts.records_out)
                + self.cpu_byte_s * (n_local + n_remote + counts.bytes_out)
            )
        cpu_s *= factor / (node.speed if speed is None else speed)
        idle = 0.0
        if counts.slept_s:
            cpu_s += counts.slept_s
            idle = counts.slept_s / cpu_s
        phases = [self._startup]
        if n_local:
            phases.append(Phase("read", n_local, "disk"))
        if n_pieces:
            phases.append(Phase("transfer", n_pieces * self.latency_s, "latency"))
        if n_remote:
            phases.append(Phase("transfer", n_remote, "port", tuple(sources.items())))
        phases.append(Phase("cpu", cpu_s, "cpu", (), idle))
        if counts.bytes_out:
            phases.append(Phase("write", counts.bytes_out, "disk"))
        return tuple(phases)

    @cached_property
    def _startup(self) -> Phase:
        return Phase("startup", self.startup_s, "slot")

    # -- showing -----------------------------------------------------------------------------------

    def __repr__(self) -> str:
        # What would make an equal object, also of what Python writes in a way that it cannot read, such as inf.
        changed = ((field.name, getattr(self, field.name)) for field in fields(self))
        given = [f"{name}={_written(price)}" for name, price in changed if price != getattr(Costs, name)]
        return f"{type(self).__name__}({', '.join(given)})"

    def __str__(self) -> str:
        return table_text(self._table(), max_rows=len(_PRICES))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": table(self._table(), "Costs", max_rows=len(_PRICES))}

    def _table(self) -> Table:
        rows = [(name, _shown(getattr(self, name)), price.unit, price.meaning) for name, price in _PRICES.items()]
        return Table(("price", "value", "unit", "meaning"), rows)


def _lognormal(sigma: float, luck: float) -> float:
    """The value of a lognormal distribution of mean 1 that is larger than a share `luck` of all values."""
    from statistics import NormalDist  # loads much, and few clusters have luck

    return math.exp(sigma * NormalDist().inv_cdf(luck or _LEAST_LUCK) - sigma * sigma / 2)


def _written(price: Any) -> str:
    if price == math.inf:
        return "float('inf')"
    return repr(float(price) if isinstance(price, float) else price)


def _shown(price: Any) -> str:
    """A price as people write it, the digits of large numbers in groups."""
    if isinstance(price, bool):
        return repr(price)
    return f"{price:,.12g}" if price >= 1000 else f"{price:.6g}"
