"""The chain's benchmark: two processes, keys on disk, and a wrong answer does not pass."""

from dataclasses import dataclass

import msgspec
import pytest

from qkdctl.benchmarks import chain
from qkdctl.benchmarks.chain_work import ChainWork

STAGES = {"test", "reconcile", "verify", "bound", "amplify"}


@pytest.mark.parametrize(("method", "round_trip_s"), [("ldpc", 0.0), ("cascade", 0.004)])
def test_both_parties_store_the_same_keys(tmp_path, method, round_trip_s: float):
    work = ChainWork(method, "fast", 100_000, 20_000, 0.02, blocks=3, in_flight=2, round_trip_s=round_trip_s)
    with chain.two_parties(tmp_path, work) as pair:
        answer = pair.run()
        chain._check(tmp_path, work, answer)
        figures = chain._figures(work, answer)
    assert {f"share_{name}" for name in STAGES} < set(figures)
    assert sum(figures[f"share_{name}"] for name in [*STAGES, "line"]) == pytest.approx(1, abs=0.01)
    assert 0.1 < figures["secret_bits_per_sifted_bit"] < 0.85
    assert answer["alice"].seconds > 100 * round_trip_s * (method == "cascade")
    with pytest.raises(AssertionError):
        chain._check(tmp_path, msgspec.structs.replace(work, blocks=4), answer)


def test_a_block_without_key_ends_the_benchmark(tmp_path, capfd):
    work = ChainWork("ldpc", "fast", 20_000, 4_000, 0.2, blocks=1, in_flight=1)
    with (
        chain.two_parties(tmp_path, work) as pair,
        pytest.raises(RuntimeError, match="process of the benchmark has ended"),
    ):
        pair.run()
    assert "made no key" in capfd.readouterr().err


@dataclass
class Party:
    """Figures as a party of the benchmark would give them."""

    secret_bits: int


def test_lengths_that_differ_do_not_pass(tmp_path):
    with pytest.raises(AssertionError):
        chain._check(tmp_path, chain.WORKS[0], {"alice": Party(5), "bob": Party(6)})
