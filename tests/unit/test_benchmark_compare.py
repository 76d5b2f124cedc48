"""Only programs with the same answer are compared, and what is known is not measured again."""

from __future__ import annotations

import time

import pytest

from benchmarks import compare
from benchmarks.compare import Options, measure_table
from benchmarks.measure import Cost
from benchmarks.peers.answer import digest
from benchmarks.records import Records
from benchmarks.rows import Program, Table

PRINTS = {
    "yardstick": "print('12 words')",
    "equal": "print('12 words')",
    "other": "print('13 words')",
    "broken": "1 / 0",
}
TABLE = Table("Words", "yardstick", {name: Program("", ("-c", code)) for name, code in PRINTS.items()})


@pytest.fixture
def known(tmp_path) -> Records:
    """Nothing measured."""
    return Records(tmp_path / "measured.json", "a machine")


def options(**changes) -> Options:
    """Two turns of all programs."""
    return Options(**({"rows": [""], "turns": 2, "again": False, "seconds": 60.0, "gigabytes": 1.0} | changes))


def measure(known: Records, **changes) -> bool:
    """Measure the table with as much time as it takes."""
    return measure_table("words", TABLE, known, options(**changes), time.monotonic() + 1000)


def test_another_answer_is_refused(known):
    """A program that comes to another answer has no figures, but the reason."""
    assert measure(known, turns=1)
    assert len(known.of("words", "equal").turns) == 1
    assert not known.of("words", "other").turns
    assert known.of("words", "other").failure == "another answer: 13 words, not 12 words"
    assert known.of("words", "broken").failure == "ZeroDivisionError: division by zero"


def test_what_is_known_is_not_measured_again(known, monkeypatch):
    """A second call measures nothing, and one that asks for a program again measures it and the yardstick alone."""
    measure(known, turns=1)
    known = Records.load(known.path)
    taken: list[Program] = []

    def take(program: Program, options: Options) -> Cost:
        taken.append(program)
        return Cost(1.0, 1.0, 1, "12 words")

    monkeypatch.setattr(compare, "take", take)
    assert measure(known, turns=1)
    assert taken == []
    assert measure(known, rows=["equal"], again=True)
    assert taken == [TABLE.programs[name] for name in ("yardstick", "equal") * 2]


def test_what_would_take_too_long_is_left_for_the_next_call(known):
    """When the time is over nothing is begun, and the table is told to be incomplete."""
    assert not measure_table("words", TABLE, known, options(), time.monotonic() - 1)
    assert not any(record.is_known for record in known.tables["words"].values())


def test_ratios_are_to_the_yardstick_of_the_same_turn(known):
    """A slow turn is slow for both, and does not count: the median is of ratios."""
    for cpu_s, yardstick_s in ((2.0, 1.0), (20.0, 10.0), (3.0, 1.0)):
        yardstick = Cost(yardstick_s, yardstick_s, 1, "")
        compare.keep(known, "words", "equal", Cost(cpu_s, cpu_s, 1, ""), yardstick)
    assert known.of("words", "equal").cpu_ratio == 2.0


def test_digests_tell_answers_apart():
    """The digest is the same in any order, and another when two words change their counts."""
    pairs = [("to", 2), ("be", 3)]
    assert digest(pairs) == digest(pairs[::-1])
    assert digest(pairs) != digest([("to", 3), ("be", 2)])
