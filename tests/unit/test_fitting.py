"""What prices are learned from what runs took: the nearest that are not below 0, and the simplest of equals."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disco_sim.sim.fitting import fit_cpu

PRICES = st.tuples(
    st.floats(0, 10, allow_subnormal=False), st.floats(0, 1e-2, allow_subnormal=False), st.floats(0, 1e-3)
)
SIZES = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**9)), min_size=1, max_size=12)
SAMPLES = st.lists(st.tuples(st.floats(0, 1e3), st.integers(0, 10**6), st.integers(0, 10**9)), max_size=12)


def missed(samples, prices) -> float:
    """The sum of squared differences between the samples' CPU seconds and those of the prices."""
    a, b, c = prices
    return sum((cpu_s - a - b * records - c * n_bytes) ** 2 for cpu_s, records, n_bytes in samples)


def taking(prices, sizes, noise=0.0):
    """Samples of those sizes that took what the prices say, more or less."""
    luck, (a, b, c) = random.Random(1), prices
    return [
        ((a + b * records + c * n_bytes) * luck.uniform(1 - noise, 1 + noise), records, n_bytes)
        for records, n_bytes in sizes
    ]


@pytest.mark.parametrize(
    "prices",
    [(1e-3, 1e-6, 1e-8), (0.5, 0.0, 2e-8), (0.0, 3e-6, 0.0), (2.0, 0.0, 0.0), (0.0, 0.0, 1e-9), (0.0, 1e-6, 1e-8)],
)
def test_prices_are_found_again(prices):
    """Runs of several sizes that took exactly what the prices say give these prices."""
    sizes = [(records, n_bytes) for records in (100, 5_000, 70_000) for n_bytes in (800, 10**6, 3 * 10**7)]
    assert fit_cpu(taking(prices, sizes)) == pytest.approx(prices, rel=1e-9, abs=1e-15)


def test_prices_are_found_again_where_bytes_nearly_follow_records():
    """Records that are nearly of one length do not blur the prices."""
    luck = random.Random(2)
    sizes = [(records, records * 8 + luck.randrange(3)) for records in range(1000, 90_000, 1000)]
    assert fit_cpu(taking((1e-3, 1e-6, 1e-8), sizes)) == pytest.approx((1e-3, 1e-6, 1e-8), rel=1e-6)


def test_noise_is_averaged():
    """From many noisy runs come nearly the right prices."""
    sizes = [(records, n_bytes) for records in range(0, 100_000, 5_000) for n_bytes in range(0, 10**7, 10**6)]
    found = fit_cpu(taking((0.05, 1e-6, 1e-8), sizes, noise=0.2))
    assert found == pytest.approx((0.05, 1e-6, 1e-8), rel=0.2)


def test_no_price_is_below_zero():
    """Where the nearest prices would be below 0, they are 0, and the others make up for it."""
    assert fit_cpu([(0.0, 10, 0), (10.0, 20, 0)]) == pytest.approx((0.0, 0.4, 0.0))
    assert fit_cpu([(10.0, 10, 0), (0.0, 20, 0)]) == pytest.approx((5.0, 0.0, 0.0))
    assert fit_cpu([(-1.0, 10, 5)]) == (0.0, 0.0, 0.0)


def test_the_simplest_of_equals():
    """What samples cannot tell apart goes to records, then to bytes, then to tasks."""
    assert fit_cpu([(3.0, 10, 60)]) == pytest.approx((0.0, 0.3, 0.0))
    assert fit_cpu([(3.0, 0, 60)]) == pytest.approx((0.0, 0.0, 0.05))
    assert fit_cpu([(3.0, 0, 0)]) == (3.0, 0.0, 0.0)
    assert fit_cpu([(2.0, 10, 60), (4.0, 10, 60), (3.0, 10, 60)]) == pytest.approx((0.0, 0.3, 0.0))
    assert fit_cpu([(2.0, 10, 80), (3.0, 20, 160)]) == pytest.approx((1.0, 0.1, 0.0))


def test_without_samples():
    """Nothing is learned from nothing."""
    assert fit_cpu([]) == (0.0, 0.0, 0.0)
    assert fit_cpu([(0.0, 5, 5)] * 3) == (0.0, 0.0, 0.0)


@given(PRICES, SIZES)
def test_what_prices_made_is_explained(prices, sizes):
    """Whatever the sizes are, samples without noise are explained to the last digits."""
    samples = taking(prices, sizes)
    whole = sum(cpu_s**2 for cpu_s, _, _ in samples)
    assert missed(samples, fit_cpu(samples)) <= 1e-18 * whole + 1e-24


@given(SAMPLES, PRICES)
def test_no_other_prices_are_nearer(samples, others):
    """Prices are never below 0, and no others miss the samples by less, whatever the samples are."""
    found = fit_cpu(samples)
    assert min(found) >= 0
    near = [tuple(price * change for price in found) for change in (0.99, 1.01)]
    for prices in [others, (0.0, 0.0, 0.0), *near]:
        assert missed(samples, found) <= missed(samples, prices) * (1 + 1e-9) + 1e-9


@given(SAMPLES, st.randoms(use_true_random=False))
def test_the_order_of_samples_does_not_matter(samples, luck):
    """The same samples in another order give the same prices, digit for digit."""
    mixed = samples[:]
    luck.shuffle(mixed)
    assert fit_cpu(mixed) == fit_cpu(samples)
