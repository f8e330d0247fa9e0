"""Write what the bench produces as a pair of recordings, one for each party."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from drivers.emulation.bench import bb84, bbm92
from drivers.emulation.bench.parameters import DETECTOR_NAMES, Bbm92Scene
from drivers.emulation.bench.scenes import Bb84Scene
from postproc.timetags.header import StateHeader, TagHeader
from postproc.timetags.writing import write_recording

#: What the files say of their origin. Neither names the seed: it would give either party the other's data.
_METADATA: dict[str, Any] = {"origin": "emulated", "instrument": "qkdctl optical bench"}
_TAG_HEADER = TagHeader(resolution_ps=1.0, channels=dict(enumerate(DETECTOR_NAMES)), metadata=_METADATA)


class Recordings(NamedTuple):
    """Where each party's recording lies."""

    alice: Path
    bob: Path


def generate_bb84(scene: Bb84Scene, seed: int, directory: Path) -> Recordings:
    """Write Alice's prepared states and Bob's time tags into a directory.

    Returns
    -------
    Recordings
        ``alice_states.h5`` and ``bob_tags.h5``.
    """
    paths = Recordings(directory / "alice_states.h5", directory / "bob_tags.h5")
    header = StateHeader(slot_period_ps=float(scene.source.slot_period_ps), metadata=_METADATA)
    write_recording(paths.alice, bb84.prepared_states(scene, seed), header)
    write_recording(paths.bob, bb84.detected_tags(scene, seed), _TAG_HEADER)
    return paths


def generate_bbm92(scene: Bbm92Scene, seed: int, directory: Path) -> Recordings:
    """Write both parties' time tags into a directory.

    Returns
    -------
    Recordings
        ``alice_tags.h5`` and ``bob_tags.h5``.
    """
    paths = Recordings(directory / "alice_tags.h5", directory / "bob_tags.h5")
    write_recording(paths.alice, bbm92.detected_tags(scene, seed, "alice"), _TAG_HEADER)
    write_recording(paths.bob, bbm92.detected_tags(scene, seed, "bob"), _TAG_HEADER)
    return paths
