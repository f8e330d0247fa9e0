"""What error correction has told about a block, in both directions, and how much it may."""

from __future__ import annotations

from dataclasses import dataclass

from postproc.errors import BlockRefused
from postproc.types import Figure


@dataclass(slots=True)
class Books:
    """The counts of one block, kept by each party for itself.

    Attributes
    ----------
    charge_both_directions : bool
        Whether what Bob tells is charged as well as what Alice does.
    cap_bits : int or None
        Most that may be charged; None for no cap.
    alice_bits, bob_bits : int
        What each has told so far, charged or not.
    rounds : int
        Times that Alice answered Bob.
    """

    charge_both_directions: bool
    cap_bits: int | None = None
    alice_bits: int = 0
    bob_bits: int = 0
    rounds: int = 0

    def enter(self, *, alice: int = 0, bob: int = 0) -> None:
        """Count bits about to be told.

        Raises
        ------
        BlockRefused
            If the charge would go beyond the cap.
        """
        self.alice_bits += alice
        self.bob_bits += bob
        charged = self.alice_bits + (self.bob_bits if self.charge_both_directions else 0)
        if self.cap_bits is not None and charged > self.cap_bits:
            raise BlockRefused(
                f"error correction would disclose {charged} bits where the cap is {self.cap_bits}: "
                "the block has more errors than expected"
            )

    def figures(self) -> dict[str, Figure]:
        """Give both counts, whichever is charged, for the report."""
        return {
            "reconciliation_alice_bits": self.alice_bits,
            "reconciliation_bob_bits": self.bob_bits,
            "reconciliation_rounds": self.rounds,
        }
