"""Which simulated cluster an address stands for: old code names a master, and somebody has to be it.

A port is a master: all connections to one port share one Disco, whatever host they name. One that the user has opened
there is used as it is, else one of dialect V05 is made on first use, and kept until `forget()`.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from disco_sim.client.disco import Disco
from disco_sim.client.registry import FIRST_PORT, open_discos
from disco_sim.compat.dialect import V05, namespace_of_0_3
from disco_sim.error import DiscoError, nearest
from disco_sim.model.dialect import DOCUMENTED, Dialect
from disco_sim.util import netloc, schemesplit

_USUAL: dict[str, Any] = {"nodes": 4, "slots": 2}

_made: dict[str, Disco] = {}
_options: dict[str, Any] = {}
_chosen: list[Disco] = []


def connect(address: Any = None) -> Disco:
    """The Disco that a master's address stands for, such as `disco://localhost` or `http://localhost:8989`.

    None is the address in the settings: DISCO_MASTER, or http://localhost:8989. A Disco stands for itself, and one
    that was chosen for every address.

    Raises:
        DiscoError: If that is no address, or the Disco that was chosen is closed.
    """
    if isinstance(address, Disco):
        return address
    inner = getattr(address, "native", None)
    if isinstance(inner, Disco):
        return inner
    if _chosen:
        if _chosen[0] not in open_discos():
            raise DiscoError(
                f"the Disco that was given to disco_sim.compat.install(), {_chosen[0].master}, is closed; a closed one "
                "takes no jobs: install another, or leave it out and one will be made"
            )
        return _chosen[0]
    place = _place(address)
    port = place.port
    for disco in open_discos():
        if disco.master.rpartition(":")[2] == port:
            found: Disco = disco
            return found
    made = Disco(f"disco://{place}", **{**_USUAL, **_options, "dialect": _dialect()})
    _made[port] = made
    return made


def choose(disco: Any = None, options: Mapping[str, Any] | None = None) -> None:
    """Let `disco` be what every address stands for, or `options` what a Disco is made with, such as nodes=8, seed=7.

    What was made here before with other options is closed, so that the next connection makes another.

    Raises:
        DiscoError: If `disco` is none, if there is no such option, both are given, or what was made here before has had
            jobs, whose results would be lost.
    """
    options = dict(options or {})
    if disco is not None and options:
        raise DiscoError(
            f"a Disco was given together with {', '.join(sorted(options))}; a Disco is made already: give the one or "
            "the others"
        )
    if disco is not None:
        disco = getattr(disco, "native", disco)
        if not isinstance(disco, Disco):
            raise DiscoError(
                f"{disco!r} was given as the Disco that old code runs on; give a disco_sim.Disco, or what one is made "
                "with, such as nodes=8"
            )
        _replace([made for made in _made.values() if made is not disco], disco.master)
        _chosen[:] = [disco]
        return
    known = [name for name in inspect.signature(Disco.__init__).parameters if name not in ("self", "master")]
    for name in sorted(set(options) - set(known)):
        near = nearest(name, known, most=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise DiscoError(f"{name}={options[name]!r} was given; {hint}a Disco is made with {', '.join(known)}")
    if {**_USUAL, **options} != {**_USUAL, **_options}:
        wanted = ", ".join(f"{name}={value!r}" for name, value in options.items())
        _replace(list(_made.values()), f"a cluster made with {wanted}")
    _chosen.clear()
    _options.clear()
    _options.update(options)


def _replace(made: list[Disco], what: str) -> None:
    """Close Discos that were made here, so that others can take their place."""
    for disco in made:
        n_jobs = len(disco.cluster.log.jobs)
        if n_jobs and disco in open_discos():
            raise DiscoError(
                f"old code was to run on {what}, but it runs on {disco.master} already, which was made for it with "
                f"{len(disco.cluster.spec.nodes)} nodes and has had {n_jobs} job{'s' * (n_jobs > 1)}; a cluster does "
                "not become another: call disco_sim.compat.uninstall() first, which closes it, and its results cannot "
                "be read any more then",
                master=disco.master,
            )
    for disco in made:
        disco.close()
    for port in [port for port, disco in _made.items() if disco in made]:
        del _made[port]


def forget() -> None:
    """Close the Discos that were made here, and choose none any more; those of the user stay as they are."""
    for disco in _made.values():
        disco.close()
    _made.clear()
    _options.clear()
    _chosen.clear()


def is_observed(disco: Disco) -> bool:
    """Whether a Disco speaks the dialect V05, so that its answers have the shapes of Disco 0.5.4."""
    return disco.dialect.name == V05.name


def _dialect() -> Dialect:
    """The dialect that jobs of old code run in; the documented one with the names that Disco 0.3's worker had."""
    given: Dialect = _options.get("dialect", V05)
    return replace(given, namespace=namespace_of_0_3) if given == DOCUMENTED else given


def _place(address: Any) -> netloc:
    if address is None or address == "":
        from disco_sim.compat.disco.settings import DiscoSettings

        address = DiscoSettings()["DISCO_MASTER"]
    if not isinstance(address, str):
        raise DiscoError(
            f"{address!r} was given as a master's address; it is a URL such as 'disco://localhost' or "
            "'http://localhost:8989', or None for the one in the settings"
        )
    place = netloc.parse(schemesplit(address)[1].partition("/")[0])
    return netloc(place.host or "localhost", place.port or str(FIRST_PORT))
