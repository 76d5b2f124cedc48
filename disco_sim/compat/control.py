"""The master's HTTP endpoints, answered from the simulated state, without a network: what `Disco.request` asks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from disco_sim.compat.shapes import checked_rows
from disco_sim.error import CommError, DiscoError

if TYPE_CHECKING:
    from disco_sim.compat.disco.core import Disco

_MOST_EVENTS = 100


def answer(disco: Disco, url: str, data: Any = None) -> bytes:
    """What the master answers to a request: JSON, or the text of events; `data` is what was posted, JSON text or bytes.

    `url` is a path such as /disco/ctrl/joblist, or the master's whole URL.

    Raises:
        CommError: 404 for what is not there, as jobs or endpoints; 400 for data that make no sense.
    """
    parts = urlsplit(url)
    name = parts.path.removeprefix("/disco/ctrl/").strip("/")
    asked = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
    known = {**_ASKED, **_POSTED}
    if parts.path.startswith("/ddfs/"):
        found = _tags(disco, parts.path)
    elif name not in known:
        raise CommError(
            f"Unable to access resource ({url}): b'Not found.' (404); the simulated master answers "
            f"/disco/ctrl/ with {', '.join(sorted(known))}, /ddfs/tags and /ddfs/tag/NAME; everything else has a "
            "method of Disco or DDFS",
            code=404,
        )
    else:
        found = known[name](disco, asked, _posted(url, data))
    return found if isinstance(found, bytes) else json.dumps(found).encode()


def _posted(url: str, data: Any) -> Any:
    if data is None:
        return None
    text = data.decode() if isinstance(data, bytes) else data
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        if text.startswith(("[", "{", '"')):
            raise CommError(
                f"Unable to access resource ({url}): the data posted is no JSON: {text!r} (400); post json.dumps(...)",
                code=400,
            ) from None
        return text


def _job_events(disco: Disco, asked: dict[str, str], posted: Any) -> list[Any]:
    """The newest lines first, as the web page asks for them; `filter` is text that they have to have."""
    found = [line.record for line in disco.answers.lines(asked.get("name", ""))]
    wanted = [record for record in found if asked.get("filter", "") in record[2]]
    return [list(record) for record in wanted[::-1][: int(asked.get("num", _MOST_EVENTS))]]


def _tags(disco: Disco, path: str) -> Any:
    if path.startswith("/ddfs/tags"):
        return disco.ddfs.list(path.removeprefix("/ddfs/tags").strip("/"))
    if path.startswith("/ddfs/tag/"):
        return disco.ddfs.get(path.removeprefix("/ddfs/tag/"))
    raise CommError(f"Unable to access resource ({path}): b'Not found.' (404); ask a DDFS object", code=404)


def _job(asked: dict[str, str], posted: Any) -> str:
    return asked.get("name", "") or (posted if isinstance(posted, str) else "")


def _results(disco: Disco, asked: dict[str, str], posted: Any) -> Any:
    timeout, names = posted if isinstance(posted, list) and len(posted) == 2 else (2000, [_job(asked, posted)])
    return disco.results(names if isinstance(names, list) else [names], timeout)


def _control(method: str) -> Callable[[Disco, dict[str, str], Any], str]:
    """An endpoint that calls a method with a job's or a node's name, and says ok."""

    def call(disco: Disco, asked: dict[str, str], posted: Any) -> str:
        getattr(disco, method)(_job(asked, posted) or asked.get("node", ""))
        return "ok"

    return call


def _save_config(disco: Disco, asked: dict[str, str], posted: Any) -> str:
    try:
        disco.config = checked_rows(posted)
    except DiscoError as error:
        return str(error)
    return "table saved!"


_ASKED: dict[str, Callable[[Any, dict[str, str], Any], Any]] = {
    "joblist": lambda disco, asked, posted: disco.joblist(),
    "jobinfo": lambda disco, asked, posted: disco.jobinfo(asked.get("name", "")),
    "jobevents": _job_events,
    "rawevents": lambda disco, asked, posted: disco.rawevents(asked.get("name", "")).encode(),
    "parameters": lambda disco, asked, posted: disco.jobpack(asked.get("name", "")).dumps(),
    "nodeinfo": lambda disco, asked, posted: disco.nodeinfo(),
    "load_config_table": lambda disco, asked, posted: disco.config,
    "get_blacklist": lambda disco, asked, posted: [
        host for host, facts in disco.nodeinfo().items() if facts["blacklisted"]
    ],
    "get_settings": lambda disco, asked, posted: {"max_failure_rate": str(disco.native.cluster.rules.max_failures)},
    "get_stageresults": lambda disco, asked, posted: disco.stageresults(asked.get("name", ""), asked.get("stage", "")),
    "get_mapresults": lambda disco, asked, posted: disco.mapresults(asked.get("name", "")),
    "version": lambda disco, asked, posted: disco.master_version(),
}

_POSTED: dict[str, Callable[[Any, dict[str, str], Any], Any]] = {
    "kill_job": _control("kill"),
    "clean_job": _control("clean"),
    "purge_job": _control("purge"),
    "blacklist": _control("blacklist"),
    "whitelist": _control("whitelist"),
    "get_results": _results,
    "save_config_table": _save_config,
}
