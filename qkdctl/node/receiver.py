"""A receiver as a source: a time tagger and the detectors before it."""

from __future__ import annotations

from collections.abc import Iterator

from drivers.roles import LightSource, SinglePhotonDetectors, TimeTagger
from postproc.timetags.types import TagChunk
from postproc.types import Alarm, Role
from qkdctl.node.counts import CountWatch
from qkdctl.node.rig import Rig
from qkdctl.node.source import Chunk

READ_S = 5.0
"""A tagger that says nothing at all for so long is gone."""


class Receiver:
    """Detectors on, then the tagger; where the party keeps a pair source's pump laser, that is on before both.

    Parameters
    ----------
    role : {"alice", "bob"}
    rig : Rig
    """

    def __init__(self, role: Role, rig: Rig) -> None:
        self._rig = rig
        self._tagger = rig.need("tagger", TimeTagger)
        self._detectors = rig.find("detectors", SinglePhotonDetectors)
        self._laser = rig.find("laser", LightSource)
        self._watch = CountWatch(role.capitalize())

    def prepare(self) -> None:
        """See :class:`~qkdctl.node.source.Source`."""
        if self._laser:
            self._laser.emitting = True
        if self._detectors:
            self._detectors.enabled = True

    def start(self) -> None:
        """See :class:`~qkdctl.node.source.Source`."""
        self._tagger.start()

    def read(self) -> Chunk | None:
        """See :class:`~qkdctl.node.source.Source`."""
        chunk: TagChunk = self._tagger.read(READ_S)
        self._watch.add(chunk)
        return chunk

    def look(self) -> Iterator[Alarm]:
        """See :class:`~qkdctl.node.source.Source`."""
        yield from self._watch.look()

    def stop(self) -> None:
        """See :class:`~qkdctl.node.source.Source`."""
        self._rig.close()
