"""What a block shows of itself: counts, errors, and what was said about the key."""

from __future__ import annotations

import msgspec

from postproc.errors import InputError


class Statistics(msgspec.Struct, frozen=True):
    """Counts of one block, one entry per intensity in the configured order (BBM92: one entry).

    Attributes
    ----------
    key : tuple of int
        Sifted detections of the key basis; double clicks are counted.
    test : tuple of int
        Sifted detections of the test basis; double clicks are counted.
    test_errors : tuple of int
        How many of the test detections are errors.
    key_errors : tuple of int or None
        How many of the key detections are errors: known exactly once the key is corrected and verified,
        None before. They never replace test errors; ``rusca2018`` bounds vacuum events by them.

    Raises
    ------
    InputError
        If the entries cannot be counts of one block.
    """

    key: tuple[int, ...]
    test: tuple[int, ...]
    test_errors: tuple[int, ...]
    key_errors: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        _check("test", self.test_errors, self.test)
        _check("key", (0,) * len(self.test) if self.key_errors is None else self.key_errors, self.key)

    @property
    def n_intensities(self) -> int:
        """Number of intensities that the block tells apart."""
        return len(self.key)


def _check(basis: str, errors: tuple[int, ...], counts: tuple[int, ...]) -> None:
    """Refuse errors that do not fit the counts of their basis."""
    if len(errors) != len(counts) or not counts:
        raise InputError(
            f"{len(counts)} counts and {len(errors)} error counts in the {basis} basis, expected as many"
        )
    for error, count in zip(errors, counts, strict=True):
        if not 0 <= error <= count:
            raise InputError(f"{error} errors among {count} detections in the {basis} basis cannot be")


class Leak(msgspec.Struct, frozen=True):
    """What was said about the key of one block, in bits, as the code that sends counted it.

    Attributes
    ----------
    reconciliation_bits : int
        Syndromes, parities, retries, failed frames, disclosed bits, both directions.
    verification_bits : int
        The verification tag as it is sent (128 for Poly1305). It stands where the papers write
        ``log2(2 / eps_cor)``, and is charged once.
    other_bits : int
        Anything else, such as the errors per intensity that Bob announces.
    """

    reconciliation_bits: int
    verification_bits: int
    other_bits: int = 0

    def __post_init__(self) -> None:
        if min(self.reconciliation_bits, self.verification_bits, self.other_bits) < 0:
            raise InputError(f"a leak cannot be negative, got {self}")

    @property
    def total_bits(self) -> int:
        """Everything that Eve has heard about the key."""
        return self.reconciliation_bits + self.verification_bits + self.other_bits
