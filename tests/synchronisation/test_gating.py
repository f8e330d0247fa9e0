import numpy as np
import pytest

from postproc.synchronisation.gating import best_gate


def distances(rng, n, jitter, background):
    jittered = rng.normal(0, jitter, n)
    return np.where(rng.random(n) < background, rng.uniform(-0.5, 0.5, n), jittered - np.rint(jittered))


@pytest.mark.parametrize("jitter", [0.01, 0.06, 0.12])
@pytest.mark.parametrize("background", [0.1, 0.5, 0.8])
def test_the_gate_holds_the_source_and_the_share_is_right(jitter, background):
    rng = np.random.default_rng(1)
    beyond = distances(rng, 20_000, jitter, background)
    gate = best_gate(beyond)
    assert jitter < gate.half < 4 * jitter + 1 / 64
    inside = np.abs(beyond) <= gate.half
    stray = 2 * gate.half * background * len(beyond)
    assert gate.signal == pytest.approx(1 - stray / np.count_nonzero(inside), abs=0.05)


def test_where_nothing_stands_out_all_or_little_is_believed():
    gate = best_gate(np.random.default_rng(2).uniform(-0.5, 0.5, 5000))
    assert gate.signal < 0.2
    assert best_gate(np.full(50, 0.4)) == (0.5, 0.0)
    assert best_gate(np.empty(0)) == (0.5, 0.0)
