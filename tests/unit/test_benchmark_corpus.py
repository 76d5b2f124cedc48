"""The text of the benchmarks is the same everywhere."""

from __future__ import annotations

import hashlib

from benchmarks.corpus import LETTERS, SYLLABLES, Words, write


def test_the_text_is_always_the_same(tmp_path):
    """100 kB of the text have a known checksum, and end with a whole line."""
    write(tmp_path / "text.txt", 100_000)
    text = (tmp_path / "text.txt").read_bytes()
    assert hashlib.sha256(text).hexdigest() == "c335b14a3d6d90eb4c7eb2aaefc3ee8ff9e24d1da83f76f84a5f0b1d797da99e"
    assert 99_900 < len(text) <= 100_000
    assert text.endswith(b"\n")


def test_words_of_different_ranks_differ():
    """No two ranks share a word, and the frequent ones are short."""
    assert len(set(SYLLABLES)) == len(LETTERS) / 3
    words = Words()
    assert len({words[rank] for rank in range(20_000)}) == 20_000
    assert {len(words[rank]) for rank in range(20)} == {3}
