"""Which keys and values can be put, in each dialect."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim.error import OOBPutError
from disco_sim.runtime.putting import check_documented, check_observed

KEYS = st.text(st.characters(codec="utf-8"), max_size=300)


@given(KEYS)
def test_keys_are_those_of_the_documentation(key: str) -> None:
    """A key is taken if it is 1 to 256 of the documented characters, in the other dialect up to 511."""
    for check, most in ((check_documented, 256), (check_observed, 511)):
        is_valid = re.fullmatch(rf"[A-Za-z0-9_\-:@]{{1,{most}}}", key) is not None
        if is_valid:
            assert check(key, b"v", "map:0") == b"v"
        else:
            with pytest.raises(OOBPutError, match="allowed are"):
                check(key, b"v", "map:0")


@given(st.text("abc/. é", min_size=1, max_size=20))
def test_the_proposed_key_would_do(key: str) -> None:
    """The message of a wrong key proposes one that is taken."""
    try:
        check_documented(key, "", "map:0")
    except OOBPutError as error:
        proposed = re.search(r"try '([^']*)'", str(error))
        assert proposed is not None
        assert check_documented(proposed[1], "", "map:0") == ""


@pytest.mark.parametrize(
    ("key", "proposed"), [(b"kb", "kb"), (5, "5"), (1.5, "1_5"), (b"\xff", "_"), (b"", "a_key"), (("a",), "a_key")]
)
def test_a_key_that_is_no_text(key: object, proposed: str) -> None:
    """A key of another type is told to be no text, and the text that was meant is proposed where there is one."""
    for check in (check_documented, check_observed):
        with pytest.raises(OOBPutError, match=rf"of type {type(key).__name__}, and a key is text.*try '{proposed}'"):
            check(key, b"v", "map:0")


def test_values() -> None:
    """Text and bytes as documented; as observed all that is like bytes, and None, but no text."""
    assert check_documented("k", "text", "map:0") == "text"
    for value, told in ((bytearray(b"x"), "bytes(value)"), (1, "str(value)"), (None, "str(value)")):
        with pytest.raises(OOBPutError, match=re.escape(told)):
            check_documented("k", value, "map:0")
    for value, kept in ((b"x", b"x"), (bytearray(b"x"), b"x"), (memoryview(b"x"), b"x"), (None, b"")):
        assert check_observed("k", value, "map:0") == kept
    for wrong in ("text", 1, 1.5, [1]):
        with pytest.raises(TypeError, match="a bytes-like object is required"):
            check_observed("k", wrong, "map:0")
