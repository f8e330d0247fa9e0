"""Campaigns of frames: resumable, counted right, and wrong keys that pass are seen."""

import pytest
from scipy.stats import binom

from qkdctl.benchmarks import ldpc_peer, reconcile
from qkdctl.benchmarks.frames import CUTS, campaign, failure_rates, missed, most_likely
from tests.support.reconciled import noisy_pair


def test_a_campaign_goes_on_where_it_ended(tmp_path):
    log = tmp_path / "log"
    first = campaign(log, 0.03, 4096, "fast", 3)
    more = campaign(log, 0.03, 4096, "fast", 5)
    assert more[:3] == first
    assert len(log.read_text().splitlines()) == 5
    assert more == campaign(tmp_path / "other", 0.03, 4096, "fast", 5)
    assert all(line["wrong"] == 0 and line["verified"] for line in more)


def test_failures_are_counted_with_their_bounds():
    line = {"f": 1.2, "frames": 2, "failed": 0, "wrong": 0, "verified": True, "rounds": 0}
    lines = [line] * 97 + [line | {"failed": 1, "rounds": 1}] * 2 + [line | {"failed": 2, "wrong": 3}]
    rates = failure_rates(lines)
    assert rates["failed_at_first"] == 4 / 200
    assert rates["failed_at_first_low"] < 0.02 < rates["failed_at_first_high"]
    assert rates["wrong_after_repair"] == rates["undetected"] == 1


@pytest.mark.parametrize(("failures", "count"), [(0, 100), (3, 100), (100, 100)])
def test_the_interval_is_exact(failures: int, count: int):
    low, high = most_likely(failures, count)
    assert low == 0 if failures == 0 else binom.sf(failures - 1, count, low) == pytest.approx(0.025)
    assert high == 1 if failures == count else binom.cdf(failures, count, high) == pytest.approx(0.025)


def test_short_tags_that_miss_too_much_are_seen(tmp_path):
    lines = campaign(tmp_path / "log", 0, 4096, "fast", 12, "cut")
    assert missed(lines)["different"] == sum(line["wrong"] > 0 for line in lines) > 0
    assert missed(lines)["missed_by_128_bits"] == 0
    blind = [line | {"wrong": 1, "equal_tags": list(CUTS)} for line in lines]
    with pytest.raises(AssertionError, match="tags of 8 bits miss too much"):
        missed(blind)


def test_the_peer_does_the_same_work():
    pytest.importorskip("ldpc")
    alice, bob = noisy_pair(4096, 0.02, 1)
    for decode in ldpc_peer.peers(alice, bob, 0.02).values():
        reconcile._check(alice, decode())
        with pytest.raises(AssertionError):
            reconcile._check(bob, decode())


def test_a_case_tells_what_its_campaign_came_to(tmp_path, monkeypatch):
    monkeypatch.setattr(reconcile, "QBERS", (0.05,))
    monkeypatch.setattr(reconcile, "WAYS", (("ldpc", "fast", 12),))
    monkeypatch.setattr(reconcile, "CAMPAIGNS", {("ldpc", "fast", 12): 2})
    (case,) = reconcile.cases(tmp_path)
    figures = case.figures(case.run())
    assert figures["campaign_frames"] == 2
    assert figures["f"] > 1
    assert (tmp_path / "fast-12-0.05.jsonl").exists()
