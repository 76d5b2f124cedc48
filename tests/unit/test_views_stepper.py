"""Claims about the steps of a job as data, as words, as a table, and as a widget."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from disco_sim import Disco
from disco_sim.client.stepping import traced_steps
from disco_sim.func import sum_combiner, sum_reduce
from disco_sim.views.stepper import LONGEST, steps_card
from disco_sim.views.stepper_widget import Stepper
from tests.unit.functions import grouped, words
from tests.unit.sanitizer import checked


def told(disco: Disco, *lines: str, **parameters: Any) -> dict[str, Any]:
    """All steps of a finished job over some lines, one input each."""
    given = {"input": disco.split(list(lines or ("to be", "be")), len(lines) or 2), "map": words, **parameters}
    job = disco.new_job("test", **given)
    job.wait(show=False)
    return traced_steps(disco.cluster, disco.history.job(job.name), 2000)


def says(found: dict[str, Any], kind: str) -> list[str]:
    """What the steps of one kind say."""
    return [step["say"] for step in found["steps"] if step["kind"] == kind]


def test_the_words_of_a_job(disco: Disco) -> None:
    """Every step of a small job says in words what happened, where and why, with the real numbers."""
    found = told(disco, reduce=grouped, sort=True, partitions=2)
    to, be = (hashlib.md5(word).hexdigest() for word in (b"to", b"be"))
    assert [step["say"] for step in found["steps"]] == [
        "2 map tasks call words with each record; default_partition says to which of 2 partitions each pair goes; "
        "2 reduce tasks call grouped with the pairs.",
        f"map:0 on node01 reads record 1 of split://{disco.master}/0/0-of-2: 'to be'. "
        "words yields 2 pairs: ('to', 1), ('be', 1).",
        f"('to', 1) goes to partition 1: the MD5 of the key is {to}, and that mod 2 is 1.",
        f"('be', 1) goes to partition 1: the MD5 of the key is {be}, and that mod 2 is 1.",
        f"map:1 on node02 reads record 1 of split://{disco.master}/0/1-of-2: 'be'. words yields 1 pair: ('be', 1).",
        f"('be', 1) goes to partition 1: the MD5 of the key is {be}, and that mod 2 is 1.",
        "reduce:0 on node01 is for partition 0, which is empty: grouped gets no pairs.",
        "There are no more pairs for grouped in reduce:0. It has nothing more to give.",
        "reduce:1 on node02 reads partition 1 from map:0 on node01 (2 records), map:1 on node02 (1 record). "
        "grouped gets the pairs sorted by key.",
        "grouped takes pair 1, ('be', 1), from map:0. It gives nothing yet.",
        "grouped takes pair 2, ('be', 1), from map:1. It gives nothing yet.",
        "grouped takes pair 3, ('to', 1), from map:0. Then it gives 1 pair: ('be', 2).",
        "There are no more pairs for grouped in reduce:1. It gives 1 pair: ('to', 1).",
        "The job is ready: its last stage wrote 2 records.",
    ]


def test_what_holds_for_all_steps(disco: Disco) -> None:
    """Beside the steps stand the names of the functions, the partitions, and how reduce gets its pairs."""
    found = told(disco, reduce=sum_reduce, combiner=sum_combiner, sort="merge", partitions=3)
    del found["steps"]
    assert found == {
        "job": found["job"], "status": "ready", "map": "words", "partition": "default_partition", "is_default": True,
        "n_partitions": 3, "partitions": [0, 1, 2], "combiner": "sum_combiner", "reduce": "sum_reduce",
        "order": "merged", "notes": [],
    }  # fmt: skip


def test_a_partition_function_of_the_user(disco: Disco) -> None:
    """The reason is the function's name, its arguments and what it returned."""

    def by_length(key, n, params):
        return len(key) % n

    found = told(disco, "be", partition=by_length, partitions=2)
    assert says(found, "pair") == ["('be', 1) goes to partition 0: by_length('be', 2, params) is 0."]


def test_without_partitions(disco: Disco) -> None:
    """Without partitions there is one output, and no partition is told, not even of a reduce."""
    found = told(disco, "be", partitions=None, reduce=sum_reduce)
    assert says(found, "pair") == ["('be', 1) goes to the output of the task: one output, no partition function."]
    assert found["partitions"] == [None]
    (shuffle,) = [step for step in found["steps"] if step["kind"] == "shuffle"]
    assert "reads its input from map:0 on node01 (1 record)" in shuffle["say"]
    assert (shuffle["partition"], shuffle["pieces"][0]["partition"]) == (None, None)


def test_merged_partitions(disco: Disco) -> None:
    """A reduce task of all partitions says so, and each piece which partition it is."""
    found = told(disco, "to be or not", partitions=3, merge_partitions=True, reduce=sum_reduce)
    (shuffle,) = [step for step in found["steps"] if step["kind"] == "shuffle"]
    assert "reads all partitions" in shuffle["say"] and shuffle["partition"] is None
    assert [piece["partition"] for piece in shuffle["pieces"]] == [1, 2]


def test_a_combiner(disco: Disco) -> None:
    """Each pair says what is in the buffer then; each last call, what it found and what it gave."""
    found = told(disco, "be be", combiner=sum_combiner, partitions=2)
    assert says(found, "pair")[1].endswith("There the combiner sum_combiner has now the buffer {'be': 2}.")
    assert says(found, "combine") == [
        "map:0 has no more records. The combiner sum_combiner is called for the last time with the buffer of "
        "partition 0, {}, and gives nothing.",
        "map:0 has no more records. The combiner sum_combiner is called for the last time with the buffer of "
        "partition 1, {'be': 2}, and gives 1 pair: ('be', 2).",
    ]


def test_origins_of_combined_pairs(disco: Disco) -> None:
    """After a sort, pairs that a combiner gave are told with the task that wrote them, equal ones in order of tasks."""
    found = told(disco, "a b", "b", "b b", combiner=sum_combiner, reduce=grouped, sort=True)
    takes = [(step["pair"], step["from"]) for step in found["steps"] if step["kind"] == "take"]
    assert takes == [
        (["'a'", "1"], "map:0"), (["'b'", "1"], "map:0"), (["'b'", "1"], "map:1"), (["'b'", "2"], "map:2"),
    ]  # fmt: skip


def test_a_job_that_only_reduces(disco: Disco) -> None:
    """Without map there are no partitions, and pairs come from the job's inputs, told by their URLs."""
    found = told(disco, map=None, input=["raw://x\ny"], reduce=lambda rows, params: ((row, 1) for row in rows),
                 reduce_reader=lambda stream, size, url: [(1, 2)])  # fmt: skip
    assert (found["map"], found["partitions"]) == ("", [])
    assert says(found, "shuffle")[0].startswith("reduce:0 on node01 reads its input from raw://x\\ny")
    assert says(found, "take") == [
        "<lambda> takes pair 1, (1, 2), from raw://x\\ny. Then it gives 1 pair: ((1, 2), 1)."
    ]


def test_puts_and_records_that_were_skipped(disco: Disco) -> None:
    """Out-of-band results are told as the calls that they were; what init took off is told after the task's records."""

    def talking(line, params):
        put("line", line)
        return []

    found = told(disco, "to", "be", input=["raw://to\nbe"], map=talking, map_init=lambda entries, params: next(entries))
    assert says(found, "record")[0].endswith("'be'. talking yields nothing. put('line', 'be').")
    assert says(found, "puts") == ["map_init took 1 record off before map began."]


def test_an_input_without_records(disco: Disco) -> None:
    """A map task without records has a step that says so."""
    found = told(disco, input=["raw://"])
    assert says(found, "record") == ["map:0 on node01 reads raw://: no record is in it for map."]


def test_texts_are_short(disco: Disco) -> None:
    """No text but the words is longer than 200 characters, however long keys, records and URLs are; it is all JSON."""
    found = told(disco, input=["raw://" + "x" * 999], map=lambda line, params: [(line, {"a": [line]})], partitions=2)

    def texts(value: Any) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, (list, dict)):
            for one in value.values() if isinstance(value, dict) else value:
                yield from texts(one)

    for step in json.loads(json.dumps(found))["steps"]:
        del step["say"]
        assert all(len(text) <= LONGEST for text in texts(step))
    (record,) = [step for step in found["steps"] if step["kind"] == "record"]
    assert record["input"].endswith("x…") and len(record["input"]) == LONGEST


def test_the_table_for_notebooks_that_are_not_trusted(disco: Disco) -> None:
    """The first steps are a table that survives without trust, all of users escaped; the text has the same facts."""
    found = told(disco, "<script>alert(1)</script> to be " * 8, partitions=2, reduce=sum_reduce)
    card = steps_card(found)
    html = card.html()
    assert "<script>" in checked(html)
    assert "<script>" not in html and "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert f"The first 30 of {len(found['steps'])} steps" in html
    lines = card.text().splitlines()
    assert lines[0] == f"Steps of job {found['job']}: ready"
    assert f"  0. {found['steps'][0]['say']}" in lines and f"  29. {found['steps'][29]['say']}" in lines
    assert all(step["say"] not in card.text() for step in found["steps"][-1:])


def test_the_widget_stands_in_for_itself(disco: Disco) -> None:
    """Displayed, a stepper brings text and a table beside the widget, and its text has no address."""
    found = told(disco)
    widget = Stepper(found)
    data, _ = widget._repr_mimebundle_()
    assert data["text/plain"].startswith(f"Stepper({found['job']}, ready, {len(found['steps'])} steps)\nSteps of job ")
    assert "All steps" in data["text/html"] and "application/vnd.jupyter.widget-view+json" in data
    assert json.loads(widget.steps) == found
