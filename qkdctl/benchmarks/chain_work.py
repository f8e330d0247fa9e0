"""What the chain's benchmark does: which blocks, under which parameters."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np

from postproc.bits import Bits
from postproc.blocks import SiftedBlock
from postproc.conversation.record import BlockRecord
from postproc.parameters.receiver import Detector, Receiver
from postproc.parameters.security import PairSecurity
from postproc.parameters.session import Bbm92
from postproc.parameters.stages import Clock, Reconciliation
from postproc.types import Role

WAIVED = (
    "fixed-length",
    "active-basis-choice",
    "equal-detector-efficiency",
    "independent-detections",
    "silent-times",
    "qubit-measurement",
)


WANTED_BITS_PER_S = 1e8
"""At this rate blocks would come from sifting: it is what automatic choice goes by."""


class ChainWork(msgspec.Struct, frozen=True):
    """Blocks to be made key of.

    Attributes
    ----------
    method : {"auto", "ldpc", "cascade"}
    profile : {"auto", "fast", "efficient"}
    key_bits, test_bits : int
        Bits of a block in the key basis and in the test basis.
    qber : float
    blocks : int
        How many there are in one run.
    in_flight : int
        How many each party works on at once.
    round_trip_s : float
        Of the line between the parties.
    """

    method: Literal["auto", "ldpc", "cascade"]
    profile: Literal["auto", "fast", "efficient"]
    key_bits: int
    test_bits: int
    qber: float
    blocks: int
    in_flight: int
    round_trip_s: float = 0.0

    def parameters(self) -> Bbm92:
        """Give a session's parameters; those of its instruments do not matter here."""
        bases = (("Z", 0), ("Z", 1), ("X", 0), ("X", 1))
        receiver = Receiver(tuple(Detector(i, *outcome) for i, outcome in enumerate(bases)), 0, 0)
        return Bbm92(
            block_s=self.key_bits / WANTED_BITS_PER_S,
            window_ps=1000,
            bin_ps=100,
            alice=receiver,
            bob=receiver,
            clock=Clock(preamble_s=1.0),
            security=PairSecurity(proof="tomamichel2012", eps_sec=1e-10, eps_cor=1e-10, waived=WAIVED),
            reconciliation=Reconciliation(
                method=self.method, profile=self.profile, round_trip_ms=1e3 * self.round_trip_s
            ),
        )

    def sifted(self, role: Role) -> SiftedBlock:
        """Give a party's bits, random, with errors at random places between the two."""
        rng = np.random.default_rng(1)
        n = self.key_bits + self.test_bits
        bits = rng.integers(0, 2, n, np.uint8)
        noise = rng.random(n, np.float32) < self.qber
        if role == "bob":
            bits ^= noise
        none = np.zeros(n, np.uint8)
        key, test = Bits.from_array(bits[: self.key_bits]), Bits.from_array(bits[self.key_bits :])
        record = BlockRecord(bytes(16), 0)
        return SiftedBlock(record, key, none[: self.key_bits], test, none[: self.test_bits])
