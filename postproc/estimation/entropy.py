"""The binary entropy, and the bound that the key lengths use."""

from math import log2


def binary_entropy(p: float) -> float:
    """Entropy of a coin, in bits: ``h(p) = -p log2 p - (1 - p) log2 (1 - p)`` for 0 <= p <= 1."""
    return 0.0 if p in (0, 1) else -p * log2(p) - (1 - p) * log2(1 - p)


def entropy_bound(error_rate: float) -> float:
    """Largest entropy, in bits, of an error rate of at most `error_rate` (>= 0): 1 from one half upwards."""
    return 1.0 if error_rate >= 0.5 else binary_entropy(error_rate)
