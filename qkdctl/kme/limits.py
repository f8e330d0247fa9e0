"""How fast an application may ask: a token bucket for each."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from qkdctl.kme.config import KmeConfig
from qkdctl.kme.refusal import TOO_FAST, unavailable

BURST_S = 10.0
"""What may come at once, in seconds of the long-run rate."""


class Bucket:
    """Tokens that come at a rate and are spent on requests.

    Parameters
    ----------
    rate : float
        Per second.
    now : callable, optional
        The clock, in seconds.
    """

    def __init__(self, rate: float, now: Callable[[], float] = monotonic) -> None:
        self._rate = rate
        self._most = rate * BURST_S
        self._left = self._most
        self._now = now
        self._at = now()

    def spend(self, amount: float) -> bool:
        """Spend tokens if they are there; tell whether they were."""
        now = self._now()
        self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        # What is more than a full bucket is let through when it is full, or nobody could ever have it.
        if self._left < min(amount, self._most):
            return False
        self._left -= amount
        return True


class Allowances:
    """What each application may ask for, on whichever interface.

    Parameters
    ----------
    config : KmeConfig
    """

    def __init__(self, config: KmeConfig) -> None:
        self._requests = {sae: Bucket(config.limits.requests_per_s) for sae in config.saes}
        self._bits = {sae: Bucket(config.limits.bits_per_s) for sae in config.saes}

    def request(self, sae: str) -> None:
        """Count a request; raise the refusal if they come too fast."""
        if not self._requests[sae].spend(1):
            raise unavailable(TOO_FAST)

    def bits(self, sae: str, count: int) -> None:
        """Count new key; raise the refusal if it is too much."""
        if not self._bits[sae].spend(count):
            raise unavailable(TOO_FAST)
