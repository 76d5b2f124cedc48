"""Claims about which cluster an address stands for."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from weakref import ref

import pytest

from disco_sim import Disco, DiscoError
from disco_sim.client.registry import open_discos
from disco_sim.compat import masters
from disco_sim.compat.dialect import V05
from disco_sim.compat.disco import core


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """Nothing is made before a test, and nothing stays open after it."""
    masters.forget()
    yield
    masters.forget()


@pytest.mark.parametrize(
    "address", ["disco://localhost", "http://localhost:8989", "localhost", "localhost:8989", "disco://big/", None, ""]
)
def test_a_port_is_a_master(address: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every way to write port 8989 stands for one Disco, made on first use: V05, 4 nodes of 2 slots."""
    monkeypatch.delenv("DISCO_MASTER", raising=False)
    one = masters.connect("disco://localhost:8989")
    assert masters.connect(address) is one
    assert (one.master, len(one.cluster.spec.nodes), one.cluster.spec.n_slots) == ("localhost:8989", 4, 8)
    assert masters.is_observed(one)
    other = masters.connect("disco://localhost:8990")
    assert other is not one
    assert other.master == "localhost:8990"


def test_the_settings_name_the_master(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an address it is DISCO_MASTER."""
    monkeypatch.setenv("DISCO_MASTER", "http://far:9001")
    assert masters.connect().master == "far:9001"
    assert core.Disco(settings={"DISCO_MASTER": "disco://near:9002"}).native.master == "near:9002"


def test_an_open_disco_is_used_as_it_is() -> None:
    """A Disco that the user opened on the port is used, of whatever dialect, and forget() leaves it open."""
    with Disco("disco://localhost:8989", nodes=1) as disco:
        assert masters.connect("disco://localhost") is disco
        assert not masters.is_observed(disco)
        masters.forget()
        assert open_discos() == [disco]


def test_discos_stand_for_themselves() -> None:
    """A native Disco, and a connection to one, are taken where an address is."""
    with Disco("disco://localhost:8994") as disco:
        assert masters.connect(disco) is disco
        assert masters.connect(core.Disco(disco)) is disco


def test_what_is_made_is_kept_and_then_closed() -> None:
    """A Disco that was made here stays though nobody holds it; forget() closes it and lets it go."""
    kept = ref(masters.connect("localhost:8995"))
    gc.collect()
    assert kept() is masters.connect("localhost:8995")
    masters.forget()
    gc.collect()
    assert kept() is None
    assert not open_discos()


def test_one_that_was_closed_is_made_anew() -> None:
    """Somebody may close what was made here; the next connection makes another."""
    first = masters.connect("localhost:8995")
    first.close()
    assert masters.connect("localhost:8995") is not first


def test_a_chosen_disco_is_every_master() -> None:
    """choose(disco) lets every address stand for it, until it is closed, which is said, or forgotten."""
    with Disco("disco://localhost:8996", dialect=V05) as disco:
        masters.choose(disco)
        assert masters.connect("http://localhost:8989") is masters.connect("far:1234") is disco
    with pytest.raises(DiscoError, match=r"localhost:8996, is closed"):
        masters.connect("http://localhost:8989")
    masters.forget()
    assert masters.connect("http://localhost:8989").master == "localhost:8989"


def test_chosen_options_are_what_is_made() -> None:
    """choose(options) says what a Disco is made with; what is not said is as usual."""
    masters.choose(options={"nodes": 3, "seed": 7})
    made = masters.connect("localhost:8995")
    assert (len(made.cluster.spec.nodes), made.cluster.spec.n_slots, made.seed) == (3, 6, 7)
    assert masters.is_observed(made)


def test_what_cannot_be_chosen() -> None:
    """A wrong name has its near one, both at once and anything else are refused."""
    with pytest.raises(DiscoError, match="did you mean 'nodes'"):
        masters.choose(options={"node": 3})
    with pytest.raises(DiscoError, match=r"give a disco_sim.Disco"):
        masters.choose("disco://localhost")
    with Disco("disco://localhost:8996") as disco, pytest.raises(DiscoError, match="given together with nodes"):
        masters.choose(disco, {"nodes": 3})


@pytest.mark.parametrize("address", [5, b"localhost", "disco://a b", "localhost:0"])
def test_no_address(address: object) -> None:
    """What names no master is refused with the ways to write one."""
    with pytest.raises(DiscoError, match="master"):
        masters.connect(address)


def pairs(line: object, params: object) -> Iterator[tuple[object, int]]:
    """A map function."""
    yield line, 1


def test_other_options_take_the_place_of_a_cluster_without_jobs() -> None:
    """What was made with other options is closed if it has had no job; the same options again change nothing."""
    first = masters.connect("localhost:8995")
    masters.choose(options={"nodes": 4})
    assert masters.connect("localhost:8995") is first, "4 nodes are usual"
    masters.choose(options={"nodes": 8})
    second = masters.connect("localhost:8995")
    assert (second is first, len(second.cluster.spec.nodes), first in open_discos()) == (False, 8, False)
    with Disco("disco://localhost:8996", dialect=V05) as disco:
        masters.choose(disco)
        assert open_discos() == [disco]
        assert masters.connect("localhost:8995") is disco


def test_other_options_do_not_take_the_place_of_a_cluster_with_jobs() -> None:
    """Where jobs have run, the cluster is named with the way out, and goes on; the same options are fine."""
    masters.choose(options={"nodes": 3})
    disco = masters.connect("localhost:8995")
    disco.new_job("one", input=["raw://a"], map=pairs).wait()
    masters.choose(options={"nodes": 3})
    with pytest.raises(DiscoError, match=r"nodes=8, but it runs on localhost:8995 .* 3 nodes .*uninstall\(\) first"):
        masters.choose(options={"nodes": 8})
    with (
        Disco("disco://localhost:8996", dialect=V05) as other,
        pytest.raises(DiscoError, match=r"run on localhost:8996, but it runs on localhost:8995"),
    ):
        masters.choose(other)
    assert masters.connect("localhost:8995") is disco
    masters.choose(disco)
    assert masters.connect("localhost:9999") is disco
