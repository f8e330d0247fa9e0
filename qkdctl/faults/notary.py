"""Reads all that is said between two nodes, and holds it against what must never be said."""

from __future__ import annotations

import hashlib

from postproc.conversation.frames import Frame, unpack
from postproc.conversation.messages import TranscriptTag, decode
from postproc.errors import ProtocolViolation
from postproc.link.packets import Data
from postproc.link.packets import unpack as unpack_packet
from postproc.types import Role
from qkdctl.node import signals

Place = tuple[Role, bytes, str, int, int]


class Notary:
    """Sees the packets of one round.

    Attributes
    ----------
    frames : int
        Different ones so far.
    complaints : list of str
    """

    def __init__(self) -> None:
        self._said: dict[Place, bytes] = {}
        self._spent: dict[tuple[Role, bytes, int], bytes] = {}
        self.complaints: list[str] = []

    @property
    def frames(self) -> int:
        """Different frames so far."""
        return len(self._said)

    def see(self, sender: Role, packet: bytes) -> None:
        """Read a packet as its sender has sent it."""
        try:
            content = unpack_packet(packet)
            if not isinstance(content, Data) or not content.item.startswith(signals.FRAME):
                return
            data = content.item.removeprefix(signals.FRAME)
            frame = unpack(data)
        except ProtocolViolation:
            return
        digest = hashlib.sha256(data).digest()
        # Before there is a session, every attempt has words of its own.
        if frame.session:
            self._compare(sender, frame, digest)
        self._look_for_tag(sender, frame, digest)

    def _compare(self, sender: Role, frame: Frame, digest: bytes) -> None:
        place = (sender, frame.session, frame.stage, frame.block, frame.sequence)
        if self._said.setdefault(place, digest) != digest:
            self.complaints.append(
                f"{sender.capitalize()} said message {frame.sequence} of {frame.stage}, block {frame.block}, twice, "
                "with other bytes"
            )

    def _look_for_tag(self, sender: Role, frame: Frame, digest: bytes) -> None:
        try:
            tag = decode(frame.payload, TranscriptTag)
        except ProtocolViolation:
            return
        if isinstance(tag, TranscriptTag) and tag.is_masked:
            spent = self._spent.setdefault((sender, tag.source, tag.number), digest)
            if spent != digest:
                self.complaints.append(
                    f"{sender.capitalize()} spent one-time key {tag.number} of {tag.source.hex()} twice"
                )
