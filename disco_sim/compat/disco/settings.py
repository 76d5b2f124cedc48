"""Disco's settings: from the environment, from a settings file, else defaults that tell nothing of this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from disco_sim.error import DiscoError

__all__ = ["DiscoSettings", "guess_settings"]

HUNDRED_YEARS_S = 100 * 365 * 24 * 60 * 60
FILES = ("~/.disco", "/etc/disco/settings.py")

DEFAULTS: dict[str, Any] = {
    "DDFS_BLOB_REPLICAS": 1,
    "DDFS_DATA": lambda settings: os.path.join(settings["DISCO_ROOT"], "ddfs"),
    "DDFS_GET_MAX": 3,
    "DDFS_PARANOID_DELETE": "",
    "DDFS_PUT_MAX": 3,
    "DDFS_PUT_PORT": 8990,
    "DDFS_READ_TOKEN": "",
    "DDFS_ROOT": lambda settings: settings["DDFS_DATA"],
    "DDFS_TAG_MIN_REPLICAS": 1,
    "DDFS_TAG_REPLICAS": 1,
    "DDFS_WRITE_TOKEN": "",
    "DISCO_DATA": lambda settings: os.path.join(settings["DISCO_ROOT"], "data"),
    "DISCO_DEBUG": "off",
    "DISCO_EVENTS": "",
    "DISCO_FLAGS": "",
    "DISCO_GC_AFTER": HUNDRED_YEARS_S,
    "DISCO_HOME": "/usr/lib/disco",
    "DISCO_JOB_OWNER": lambda settings: f"{settings['DISCO_USER']}@{settings['DISCO_MASTER_HOST']}",
    "DISCO_LOG_DIR": "/var/log/disco",
    "DISCO_MASTER": lambda settings: f"http://{settings['DISCO_MASTER_HOST']}:{settings['DISCO_PORT']}",
    "DISCO_MASTER_HOST": "localhost",
    "DISCO_NAME": lambda settings: f"disco_{settings['DISCO_PORT']}",
    "DISCO_PID_DIR": "/var/run",
    "DISCO_PORT": 8989,
    "DISCO_PROXY": "",
    "DISCO_ROOT": "/srv/disco",
    "DISCO_SCHEDULER": "fair",
    "DISCO_SCHEDULER_ALPHA": 0.001,
    "DISCO_SORT_BUFFER_SIZE": "10%",
    "DISCO_USER": "user",
    "DISCO_WORKER_MAX_MEM": "80%",
    "PYTHONPATH": "",
}


class DiscoSettings(dict[str, Any]):
    """All settings by name; a name in the environment wins over the file, the file over the defaults.

    `filename` is a file of Python assignments; without one it is ~/.disco, or /etc/disco/settings.py, if there is
    one. What is given by name wins over everything. Numbers are numbers, wherever they come from.

    >>> DiscoSettings(DISCO_MASTER_HOST="big", DISCO_PORT=9000)["DISCO_MASTER"]
    'http://big:9000'

    Raises:
        DiscoError: If the settings file cannot be read or run, or a value that should be a number is none.
    """

    def __init__(self, filename: str | None = None, **given: Any) -> None:
        from_file = _from_file(guess_settings() if filename is None else filename)
        names = {*DEFAULTS, *from_file, *given, *(name for name in os.environ if name.startswith(("DISCO_", "DDFS_")))}
        chosen: dict[str, Any] = {}
        for name in sorted(names):
            for source in (given, os.environ, from_file):
                if name in source:
                    chosen[name] = _like_default(name, source[name])
                    break
        super().__init__(chosen)
        for name in DEFAULTS:
            self[name] = self[name]

    def __missing__(self, name: str) -> Any:
        if name not in DEFAULTS:
            raise KeyError(name)
        default = DEFAULTS[name]
        return default(self) if callable(default) else default

    @property
    def env(self) -> dict[str, str]:
        """The environment with these settings in it, as programs that are started here should get it."""
        return {**os.environ, **{name: str(value) for name, value in self.items()}}

    def __repr__(self) -> str:
        return f"DiscoSettings({', '.join(f'{name}={value!r}' for name, value in self._unusual())})"

    def _unusual(self) -> Iterator[tuple[str, Any]]:
        """What differs from what it would be by default, sorted."""
        for name, value in sorted(self.items()):
            default = DEFAULTS.get(name)
            if value != (default(self) if callable(default) else default):
                yield name, value


def guess_settings() -> str:
    """The settings file that is there, '' if none is."""
    for file in FILES:
        path = os.path.expanduser(file)
        if os.path.isfile(path):
            return path
    return ""


def _from_file(filename: str) -> dict[str, Any]:
    if not filename:
        return {}
    names: dict[str, Any] = {"os": os}
    try:
        with open(filename, encoding="utf-8") as file:
            exec(compile(file.read(), filename, "exec"), names)
    except Exception as error:  # it is code, and may do anything wrong
        raise DiscoError(
            f"The settings file {filename!r} cannot be used: {type(error).__name__}: {error}; it holds Python "
            "assignments such as DISCO_PORT = 8989: correct it, or give another one by filename="
        ) from error
    return {name: value for name, value in names.items() if name.isupper()}


def _like_default(name: str, value: Any) -> Any:
    default = DEFAULTS.get(name)
    kind: Callable[[str], Any] | None = type(default) if isinstance(default, (int, float)) else None
    if kind is None or not isinstance(value, str):
        return value
    try:
        return kind(value)
    except ValueError as error:
        raise DiscoError(
            f"The setting {name}={value!r} is no number; its default is {default!r}: set it to one, or leave it out"
        ) from error
