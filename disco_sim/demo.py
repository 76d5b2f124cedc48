"""The demonstration: a word count over the sample text, told on a terminal and as a page."""

from __future__ import annotations

import inspect
import os
import re
from collections import Counter
from collections.abc import Iterator
from textwrap import fill
from typing import Any

from disco_sim.core import Disco, Job, Params, result_iterator
from disco_sim.node.worker import get, kvgroup, map_line_reader, put, this_partition
from disco_sim.sim.costs import Costs
from disco_sim.tables import Table, table, table_text
from disco_sim.views.cards import partitions_shown
from disco_sim.views.render import preformatted
from disco_sim.views.report import job_part, report_page
from disco_sim.views.rows import oob_table
from disco_sim.views.state import JobState

TEXT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "hamlet.txt")
WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")
N_INPUTS = 8
N_PARTITIONS = 4
# A slow cluster, so that work shows on the timeline beside the half second that a task needs to start.
COSTS = Costs(cpu_record_s=1e-4)
_MOST_ROWS = 60


def fun_reader(stream: Any, size: int, url: str, params: Any) -> Iterator[str]:
    """The lines of one input; when all of them are mapped, what the task counted goes out of band."""
    for line in map_line_reader(stream, size, url):
        params.n_lines += 1
        yield line
    put(f"lines:{this_partition()}", str(params.n_lines))
    put(f"words:{this_partition()}", str(params.n_words))


def fun_map(line: str, params: Any) -> Iterator[tuple[str, int]]:
    """(word, 1) for each word of a line."""
    for word in WORD.findall(line.lower()):
        params.n_words += 1
        yield word, 1


def fun_reduce(pairs: Iterator[tuple[str, int]], params: Any) -> Iterator[tuple[str, int]]:
    """(word, count) for each word of a partition; the partition's part of all words goes out of band."""
    n_words = 0
    for word, counts in kvgroup(sorted(pairs)):
        count = sum(counts)
        n_words += count
        yield word, count
    total = sum(int(get(f"words:{task}")) for task in range(params.n_inputs))
    put(f"share:{this_partition()}", f"{n_words} of {total} words")


class Demo:
    """The word count, run on `disco`; `counts` are its results, `expected` those of a plain loop."""

    def __init__(self, disco: Disco) -> None:
        self.disco = disco
        self.job: Job = disco.new_job(
            name="wordcount",
            input=disco.split(TEXT, N_INPUTS),
            map_reader=fun_reader,
            map=fun_map,
            reduce=fun_reduce,
            partitions=N_PARTITIONS,
            params=Params(n_lines=0, n_words=0, n_inputs=N_INPUTS),
        )
        self.counts: dict[str, int] = dict(result_iterator(self.job.wait()))
        with open(TEXT, encoding="utf-8") as text:
            self.expected = Counter(WORD.findall(text.read().lower()))

    @property
    def is_right(self) -> bool:
        """Whether every word has the count that collections.Counter gives it, and no word is missing or made up."""
        return self.counts == dict(self.expected)

    @property
    def verdict(self) -> str:
        """The comparison with collections.Counter, in one sentence."""
        if self.is_right:
            return f"All {len(self.counts):,} words have the counts that collections.Counter gives them."
        wrong = sorted(
            word for word in self.counts.keys() | self.expected if self.counts.get(word) != self.expected.get(word)
        )
        return f"WRONG: {len(wrong):,} words differ from collections.Counter, such as {', '.join(wrong[:5])}."

    @property
    def facts(self) -> str:
        """What ran where, in one sentence."""
        spec = self.disco.cluster.spec
        return (
            f"Words of Hamlet ({os.path.getsize(TEXT):,} bytes, cut into {N_INPUTS} inputs), counted on "
            f"{len(spec.nodes)} simulated nodes of {spec.nodes[0].slots} slots, in "
            f"{self._state.duration_s:.3f} virtual seconds."
        )

    @property
    def top(self) -> Table:
        """The ten most frequent words."""
        ranked = sorted(self.counts.items(), key=lambda found: (-found[1], found[0]))
        return Table(("word", "count"), ranked[:10])

    @property
    def _state(self) -> JobState:
        return JobState.of(self.disco.cluster.log, self.job.name)

    def text(self) -> str:
        """What the terminal shows."""
        parts = [
            fill(self.facts, 80),
            "",
            "The ten most frequent words",
            table_text(self.top, indent="  "),
            self.verdict,
        ]
        partitions = partitions_shown(self._state, self.disco.cluster.blobs.get)
        out_of_band = oob_table(self._state, dict(self.job.oob))
        for title, found in (("Partitions", partitions), ("Out-of-band results", out_of_band)):
            parts += ["", title, table_text(found, _MOST_ROWS, indent="  ")]
        return "\n".join(parts)

    def html(self) -> str:
        """The page: the answer, the job's card with its timeline, and the functions that ran."""
        functions = "\n".join(inspect.getsource(one) for one in (fun_reader, fun_map, fun_reduce))
        card = job_part(self.job.data())
        answer = table(self.top, "The ten most frequent words", bars={"count": "rgba(38, 150, 106, 0.8)"})
        return report_page(
            "Word count on a simulated Disco cluster",
            f"{self.facts} {self.verdict}",
            [card, answer, f"<h2>The functions of the job</h2>{preformatted(functions)}"],
        )


def demo_disco() -> Disco:
    """The cluster of the demonstration: six slots for eight map tasks, so that two of them have to wait."""
    return Disco(nodes=3, slots=2, costs=COSTS)
