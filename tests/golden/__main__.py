"""Make digests, compare them with those that are kept, or show the events that one is made of.

python -m tests.golden                 compare, and say what differs
python -m tests.golden --write         keep the digests as they are now, and say what differs
python -m tests.golden --json          print the digests
python -m tests.golden --events NAME   print the events of one scenario, to compare with another checkout
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

from tests.golden.digests import N_EVENT_HEX, digests, event_lines
from tests.golden.scenarios import played, scenarios

KEPT = Path(__file__).with_name("digests.json")


def made(name: str) -> dict[str, str]:
    """The digests of one scenario as it is now."""
    with played(name) as discos:
        return digests(discos)


def differences(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """What differs, in words; the first event that does by its number."""
    found = []
    for name in dict.fromkeys([*before, *now]):
        old, new = before.get(name, ""), now.get(name, "")
        if old != new and name != "events":
            found.append(name)
        elif old != new:
            events, others = _events(old), _events(new)
            changed = [n for n, (one, other) in enumerate(zip(events, others, strict=False)) if one != other]
            first = changed[0] if changed else min(len(events), len(others))
            counts = f"{len(events)} before, {len(others)} now, {len(changed)} changed"
            found.append(f"events ({counts}, the first is number {first})")
    return found


def _events(digests_of_events: str) -> list[str]:
    return [digests_of_events[n : n + N_EVENT_HEX] for n in range(0, len(digests_of_events), N_EVENT_HEX)]


def main(arguments: list[str]) -> int:
    """The command; 1 if anything differs."""
    warnings.simplefilter("ignore")
    if arguments[:1] == ["--events"]:
        with played(arguments[1]) as discos:
            print(*(line for disco in discos for line in event_lines(disco)), sep="\n")
        return 0
    now = {name: made(name) for name in scenarios()}
    if arguments == ["--json"]:
        print(json.dumps(now))
        return 0
    before = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    found = {name: differences(before.get(name, {}), now.get(name, {})) for name in dict.fromkeys([*before, *now])}
    for name, changed in found.items():
        if changed:
            print(f"{name}: {'; '.join(changed)}")
    if arguments == ["--write"]:
        KEPT.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
        return 0
    return int(any(found.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
