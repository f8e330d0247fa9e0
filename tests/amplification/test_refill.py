"""What of a key goes to the pool, and when no key may be made any more."""

from dataclasses import replace

import pytest

from postproc.amplification.refill import Household
from postproc.authentication.pool import MemoryPool, block_source
from postproc.blocks import SecretBlock
from postproc.errors import BlockRefused, PoolExhausted
from postproc.outcome import BlockEnded
from postproc.parameters import Authentication
from qkdctl.keystore.store import KeyStore
from tests.support import links

EPSILON = 1.0001e-6
"""Of each block of the tests' links: eps_sec and eps_cor."""


def limited(budget):
    parameters = links.bbm92_parameters("cascade")
    assert parameters.security.eps_sec + parameters.security.eps_cor == pytest.approx(EPSILON)
    return replace(parameters, authentication=Authentication(reserve_tags=4, epsilon_budget=budget))


def run(budget, pools):
    return links.link(limited(budget), links.pair_recordings(1, 2, 10**11, 5.0), pools=pools)


def test_a_key_beyond_the_budget_is_refused_at_both_ends():
    """Enough for one block and a half."""
    pools = {role: MemoryPool(links.SHARED_KEY) for role in links.EVERYTHING}
    for outcome in run(1.5 * EPSILON, pools).values():
        first, second = outcome.ends
        assert isinstance(first, SecretBlock)
        assert isinstance(second, BlockEnded)
        assert second.outcome == "refused"
        assert "give both parties a new pre-shared key" in second.reason
        assert list(outcome.keys) == [1]
        assert outcome.sink.staged == {}
        assert first.record.figures["epsilon_since_pre_shared_key"] == outcome.pool.epsilon
        assert outcome.pool.epsilon == pytest.approx(EPSILON)
    # And what is spent stays spent.
    with pytest.raises(PoolExhausted, match="budget"):
        run(0.9 * EPSILON, pools)


def test_the_sum_is_that_of_all_keys():
    pools = {role: MemoryPool(links.SHARED_KEY) for role in links.EVERYTHING}
    for outcome in run(1.0, pools).values():
        said = [end.record.figures["epsilon"] for end in outcome.ends]
        assert len(said) == 2
        assert outcome.pool.epsilon == pytest.approx(sum(said), rel=1e-12)
        assert said == pytest.approx([EPSILON] * 2)


def test_a_store_keeps_the_sum_until_a_new_pre_shared_key(tmp_path):
    path = tmp_path / "bob.sqlite"
    with KeyStore(path, "bob") as store:
        assert store.pool.epsilon == 0
        store.pool.import_shared_key(links.SHARED_KEY)
        for block in (1, 2):
            store.pool.refill(block_source(b"", block), {"alice": bytes(16), "bob": b""}, epsilon=1e-10)
    with KeyStore(path, "bob") as store:
        assert store.pool.epsilon == pytest.approx(2e-10)
        store.pool.import_shared_key(links.SHARED_KEY[::-1])
        assert store.pool.epsilon == 0


def test_a_budget_is_held_to_the_last_bit():
    pool = MemoryPool(links.SHARED_KEY)
    pool.refill(block_source(b"", 1), {"alice": b"", "bob": b""}, epsilon=0.5)
    house = Household(pool, 0, epsilon_budget=0.75)
    house.afford(0.25)
    with pytest.raises(BlockRefused, match=r"0\.26.*0\.75.*0\.5 is spent"):
        house.afford(0.26)
