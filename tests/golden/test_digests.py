"""What jobs leave behind is what it was: logs event by event, tables, and pages.

After a change that is meant, `python -m tests.golden --write` keeps the new digests and says what differs.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.golden.__main__ import KEPT, differences
from tests.golden.digests import N_EVENT_HEX
from tests.golden.scenarios import ROOT, scenarios

BEFORE = json.loads(KEPT.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def now():
    """The digests as they are now; a process of their own has no other open Disco, whose port they would not get."""
    made = subprocess.run(
        [sys.executable, "-m", "tests.golden", "--json"], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)


@pytest.mark.parametrize("name", scenarios())
def test_a_scenario_leaves_behind_what_it_did_before(now, name):
    """No event, table or page of a pinned job has changed."""
    assert differences(BEFORE[name], now[name]) == []


def test_every_kind_of_job_is_pinned():
    """There are as many scenarios as digests, and each has events; a scenario that was dropped would pin nothing."""
    assert list(BEFORE) == list(scenarios())
    assert len(BEFORE) > 90
    assert all(found["events"] for found in BEFORE.values())


def test_a_changed_event_is_named():
    """A changed event, one more and a changed table are each found, and events by their number."""
    one, other, third = ("1" * N_EVENT_HEX, "2" * N_EVENT_HEX, "3" * N_EVENT_HEX)
    before = {"events": one + other, "tasks": "a"}
    assert differences(before, before) == []
    assert differences(before, {**before, "tasks": "b"}) == ["tasks"]
    assert differences(before, {**before, "events": one + third}) == [
        "events (2 before, 2 now, 1 changed, the first is number 1)"
    ]
    assert differences(before, {**before, "events": one + other + third}) == [
        "events (2 before, 3 now, 0 changed, the first is number 2)"
    ]
