"""Recorded tags through the same stages as live ones: two isolated parties in one thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from filecmp import cmp
from itertools import combinations
from pathlib import Path

from postproc.conversation.frames import unpack
from postproc.entropy import Entropy, SystemEntropy
from postproc.errors import PostprocError
from postproc.parameters.session import Bbm92
from postproc.protocols import Party, proof_of, stages
from postproc.runner import run_pair
from postproc.stage import Stage
from postproc.timetags.formats.sealed import RecordingKey
from postproc.timetags.recording import Recording, open_recording
from postproc.timetags.types import StateChunk, TagChunk
from postproc.types import PassEnded, Role
from qkdctl.config.scenario import Scenario
from qkdctl.errors import QkdctlError, RecordingError
from qkdctl.keystore.entry import Origin
from qkdctl.keystore.pair import PARTIES, Stores, settled
from qkdctl.keystore.sink import sink_for
from qkdctl.node.label import label_of
from qkdctl.run import Run

LAST_STAGE = "amplify"


Files = Mapping[Role, Path | Sequence[Path]]
"""Each party's recording, or its recordings of several passes in their order."""


def paths_of(files: Files) -> dict[Role, list[Path]]:
    """Give the recordings of each party."""
    return {role: [paths] if isinstance(paths, Path) else list(paths) for role, paths in files.items()}


def process(
    recordings: Files,
    scenarios: dict[Role, Scenario],
    stores: Stores,
    *,
    entropy: dict[Role, Entropy] | None = None,
    recording_key: RecordingKey | None = None,
    watch: Callable[[Run], None] = lambda run: None,
    stop: Callable[[], bool] = lambda: False,
) -> Run:
    """Make keys of two recordings, or of as many of each party as the scenario pools passes.

    Parameters
    ----------
    recordings, scenarios, stores : dict of Role
        Each party's own recording (or recordings, in order), scenario file and key store.
    entropy : dict of Role to Entropy, optional
        The operating system's by default.
    recording_key : RecordingKey, optional
        Of recordings that are encrypted.
    watch : callable, optional
        Called with the run as it goes.
    stop : callable, optional
        Asked again and again whether to end early. Blocks that are done by then are kept.

    Raises
    ------
    RecordingError, InputError
        If a recording cannot be used; a note says how many blocks were done before.
    PoolExhausted, ProofError
        If the session cannot start.
    """
    run = Run(scenarios["alice"])
    with settled(stores), ExitStack() as stack:
        paths = paths_of(recordings)
        opened = {
            role: _open_all(paths[role], scenarios[role], role, recording_key, stack) for role in PARTIES
        }
        chains = {role: _stages(role, scenarios[role], opened, stores, entropy or {}) for role in PARTIES}
        try:
            _drive(run, chains, opened, watch, stop)
        except KeyboardInterrupt:
            run.interrupted = True
        except (PostprocError, QkdctlError) as error:
            if done := len(run.keys("bob")):
                error.add_note(f"{done} blocks were done before that; their keys are in the key stores")
            raise
    return run


def _drive(
    run: Run,
    chains: dict[Role, list[Stage]],
    opened: dict[Role, list[Recording]],
    watch: Callable[[Run], None],
    stop: Callable[[], bool],
) -> None:
    sources = {role: _source(run, role, opened[role], stop) for role in PARTIES}

    def carry(sender: Role, frame: bytes) -> tuple[bytes]:
        # A block that has come to the last step is confirmed in a moment, at both ends.
        if stop() and unpack(frame).stage != LAST_STAGE:
            raise KeyboardInterrupt
        return (frame,)

    pair = run_pair(chains["alice"], chains["bob"], sources["alice"], sources["bob"], carry)
    for role, message in pair:
        run.add(role, message)
        watch(run)


def _source(
    run: Run, role: Role, recordings: list[Recording], stop: Callable[[], bool]
) -> Iterator[TagChunk | StateChunk | PassEnded]:
    """Read a party's recordings, pass by pass, until somebody wants to stop."""
    for number, recording in enumerate(recordings):
        if number:
            yield PassEnded()
        for chunk in run.stretches[role].follow(recording):
            if stop():
                raise KeyboardInterrupt
            yield chunk


def _open_all(
    paths: list[Path], scenario: Scenario, role: Role, key: RecordingKey | None, until: ExitStack
) -> list[Recording]:
    passes = scenario.parameters.pooling.passes
    if not paths or len(paths) % passes or (passes == 1 and len(paths) > 1):
        raise RecordingError(
            f"{len(paths)} recordings of {role.capitalize()}'s are named, and scenario {scenario.name} makes a "
            f"key of {passes} {'pass' if passes == 1 else 'passes'}: name one recording for each pass, in order "
            "(passes under [pooling] says how many)"
        )
    opened = [_open(path, scenario, role, key, until) for path in paths]
    for one, other in combinations(paths, 2):
        if _same(one, other):
            raise RecordingError(
                f"{other}: is the same recording as {one}, and what clicked once makes one key, of one pass; name "
                "every recording once"
            )
    return opened


def _same(one: Path, other: Path) -> bool:
    """Tell whether two recordings are the same file, or copies."""
    return one.samefile(other) or (one.is_file() and other.is_file() and cmp(one, other, shallow=False))


def _open(
    path: Path, scenario: Scenario, role: Role, key: RecordingKey | None, until: ExitStack
) -> Recording:
    recording = open_recording(path, key=key)
    until.callback(recording.close)
    expected = "states" if role == "alice" and not isinstance(scenario.parameters, Bbm92) else "tags"
    if recording.kind != expected:
        kinds = {"states": "prepared states", "tags": "time tags"}
        raise RecordingError(
            f"{path}: holds {kinds[recording.kind]}, and {role.capitalize()} needs {kinds[expected]} for "
            f"{scenario.parameters.protocol}; were the two recordings swapped?"
        )
    return recording


def _stages(
    role: Role,
    scenario: Scenario,
    opened: dict[Role, list[Recording]],
    stores: Stores,
    entropy: dict[Role, Entropy],
) -> list[Stage]:
    proof, _ = proof_of(scenario.parameters)
    origin = Origin(scenario.name, scenario.parameters.protocol, proof.name, scenario.waived)
    emulated = any(
        recording.header.metadata.get("origin") == "emulated"
        for recordings in opened.values()
        for recording in recordings
    )
    label = label_of(scenario, recorded=True, emulated=emulated, seeded=bool(entropy))
    sink = sink_for(stores[role], label, origin)
    party = Party(role, entropy.get(role, SystemEntropy()), stores[role].pool, sink)
    return stages(scenario.parameters, party)
