"""Health tests of a random source (NIST SP 800-90B, section 4.4), on bytes.

Both tests look for a source that has failed outright; neither proves that a source is good.
"""

from __future__ import annotations

from math import ceil, comb, log2

import numpy as np
from numpy.typing import NDArray

from drivers.errors import RandomnessFailed

#: Probability of a false alarm in one test. The standard proposes 2**-20 to 2**-40; sources of many MB/s
#: need the rarest.
FALSE_ALARM = 2.0**-40
WINDOW = 512

Samples = NDArray[np.uint8]


def repetition_cutoff(min_entropy_bits: float) -> int:
    """How often a sample may not be repeated in a row (4.4.1)."""
    return 1 + ceil(-log2(FALSE_ALARM) / min_entropy_bits)


def proportion_cutoff(min_entropy_bits: float) -> int:
    """How often the first sample of a window may not occur in it (4.4.2)."""
    p = 2.0**-min_entropy_bits
    tail, count = 0.0, WINDOW
    while (
        count and (tail := tail + comb(WINDOW, count) * p**count * (1 - p) ** (WINDOW - count)) <= FALSE_ALARM
    ):
        count -= 1
    return 1 + count


class HealthTests:
    """The repetition count test and the adaptive proportion test, over everything a source gives.

    Parameters
    ----------
    min_entropy_bits : float
        Min-entropy of a byte that the source claims.
    """

    def __init__(self, min_entropy_bits: float) -> None:
        self._repetition = repetition_cutoff(min_entropy_bits)
        self._proportion = proportion_cutoff(min_entropy_bits)
        self._tail: Samples = np.empty(0, np.uint8)
        self._window: Samples = np.empty(0, np.uint8)

    def watch(self, data: bytes) -> None:
        """Test fresh samples, together with what came before.

        Raises
        ------
        RandomnessFailed
            If a test fails.
        """
        fresh = np.frombuffer(data, np.uint8)
        self._watch_repetitions(np.concatenate([self._tail, fresh]))
        self._watch_proportions(np.concatenate([self._window, fresh]))

    def _watch_repetitions(self, samples: Samples) -> None:
        changes = np.flatnonzero(np.diff(samples)) + 1
        edges = np.concatenate([[0], changes, [len(samples)]])
        longest = int(np.diff(edges).max(initial=0))
        if longest >= self._repetition:
            raise RandomnessFailed(
                f"the same byte came {longest} times in a row, less than {self._repetition} is normal"
            )
        self._tail = samples[max(len(samples) - self._repetition, 0) :]

    def _watch_proportions(self, samples: Samples) -> None:
        whole = len(samples) // WINDOW * WINDOW
        windows = samples[:whole].reshape(-1, WINDOW)
        most = int((windows == windows[:, :1]).sum(axis=1).max(initial=0))
        if most >= self._proportion:
            raise RandomnessFailed(
                f"one byte came {most} times among {WINDOW}, less than {self._proportion} is normal"
            )
        self._window = samples[whole:]
