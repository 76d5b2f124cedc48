"""Claims about DiscoSettings: what wins, what is computed, and that the machine is not in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from disco_sim.compat.disco import settings
from disco_sim.compat.disco.settings import DiscoSettings
from disco_sim.error import DiscoError


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of whoever runs the tests."""
    for name in list(os.environ):
        if name.startswith(("DISCO_", "DDFS_")):
            monkeypatch.delenv(name)
    monkeypatch.setattr(settings, "FILES", (str(tmp_path / "none"),))


def test_defaults() -> None:
    """The documented defaults, the master's URL of its host and port, and nothing of this machine."""
    default = DiscoSettings()
    assert default["DISCO_MASTER"] == "http://localhost:8989"
    assert default["DISCO_PORT"] == 8989
    assert default["DISCO_JOB_OWNER"] == "user@localhost"
    assert default["DISCO_DATA"] == "/srv/disco/data"
    assert default["DISCO_GC_AFTER"] == 3_153_600_000
    assert set(default) == set(settings.DEFAULTS)
    assert repr(default) == "DiscoSettings()"


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given by name, environment, file, default, in that order; numbers are numbers from everywhere."""
    file = tmp_path / "settings.py"
    file.write_text(
        "DISCO_MASTER_HOST = 'from_file'\nDISCO_PORT = 1\nDDFS_PUT_MAX = 7\nDISCO_ROOT = os.path.join('/', 'x')\n"
    )
    monkeypatch.setenv("DISCO_PORT", "2")
    monkeypatch.setenv("DDFS_GET_MAX", "9")
    monkeypatch.setenv("DISCO_OWN", "mine")
    got = DiscoSettings(str(file), DDFS_GET_MAX=4)
    assert got["DISCO_MASTER"] == "http://from_file:2"
    assert (got["DISCO_PORT"], got["DDFS_PUT_MAX"], got["DDFS_GET_MAX"]) == (2, 7, 4)
    assert (got["DISCO_OWN"], got["DDFS_DATA"]) == ("mine", "/x/ddfs")
    assert got.env["DISCO_PORT"] == "2"


def test_the_usual_file_is_read_if_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of the usual files that exists counts."""
    assert settings.guess_settings() == ""
    (tmp_path / "usual").write_text("DISCO_EVENTS = 'nocolor'\n")
    monkeypatch.setattr(settings, "FILES", (str(tmp_path / "none"), str(tmp_path / "usual")))
    assert settings.guess_settings() == str(tmp_path / "usual")
    assert DiscoSettings()["DISCO_EVENTS"] == "nocolor"
    assert repr(DiscoSettings()) == "DiscoSettings(DISCO_EVENTS='nocolor')"


def test_what_is_wrong_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad file, a bad number, an unknown name."""
    (tmp_path / "bad").write_text("DISCO_PORT = \n")
    with pytest.raises(DiscoError, match=r"cannot be used: SyntaxError"):
        DiscoSettings(str(tmp_path / "bad"))
    with pytest.raises(DiscoError, match="cannot be used: FileNotFoundError"):
        DiscoSettings(str(tmp_path / "nowhere"))
    monkeypatch.setenv("DISCO_PORT", "many")
    with pytest.raises(DiscoError, match="DISCO_PORT='many' is no number; its default is 8989"):
        DiscoSettings()
    with pytest.raises(KeyError, match="NO_SUCH"):
        DiscoSettings(DISCO_PORT=1)["NO_SUCH"]
