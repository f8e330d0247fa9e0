"""Make a session's keys again from both parties' bundles, and hold what comes of it against what came of it then."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isclose
from pathlib import Path
from typing import Any, Final

import msgspec

from postproc.blocks import SecretBlock
from postproc.errors import PostprocError
from postproc.outcome import BlockEnded
from postproc.parameters.session import DecoyBb84
from postproc.protocols import Party, proof_of, stages
from postproc.runner import run_pair
from postproc.secretsink import Fate
from postproc.stage import Stage
from postproc.timetags.types import StateChunk, TagChunk
from postproc.traffic import Traffic
from postproc.types import Role
from qkdctl.calibration.record import read_calibration
from qkdctl.calibration.use import calibrated
from qkdctl.config.load import load_scenario
from qkdctl.config.scenario import Scenario
from qkdctl.errors import RecordingError
from qkdctl.keystore.entry import Label, Origin
from qkdctl.keystore.pair import PARTIES, Stores, settled
from qkdctl.keystore.sink import SessionSink
from qkdctl.keystore.store import KeyStore
from qkdctl.recording.bundle import Bundle, block_of, digest
from qkdctl.run import Run

LABEL: Label = "demonstration"
"""Of the keys: the session's own are in its key stores, or with applications, and none is handed over twice."""

TOLERANCE: Final = 1e-9
"""Figures that differ by a smaller part of themselves are the same."""


@dataclass(frozen=True)
class HeldSink(SessionSink):
    """A key store that answers about sessions before as the recorded party's did."""

    bundle: Bundle

    def fate(self, session: bytes, block: int) -> Fate:
        """See :class:`~postproc.secretsink.SecretSink`."""
        return self.bundle.held(session, block)


def replay(
    bundles: dict[Role, Bundle],
    stores: Stores,
    *,
    watch: Callable[[Run], None] = lambda run: None,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[Run, dict[str, Any]]:
    """Make the keys of a recorded session again.

    Parameters
    ----------
    bundles : dict of Role to Bundle
        Of the same session.
    stores : dict of Role to KeyStore
        New ones.
    watch : callable, optional
        Called with the run as it goes.
    stop : callable, optional
        Asked again and again whether to end early.

    Returns
    -------
    Run, dict
        What came of it; and of the comparison: ``blocks`` compared, ``frames`` that were said then and are said again,
        ``whole`` (both recordings have their end), ``same``, and ``differences`` in words.

    Raises
    ------
    RecordingError
        If the bundles do not belong together, or the stores are not new.
    """
    _check_that_they_met(bundles)
    scenarios = {role: scenario_of(bundle) for role, bundle in bundles.items()}
    run, said = Run(scenarios["alice"]), 0

    def carry(sender: Role, frame: bytes) -> tuple[bytes]:
        nonlocal said
        if stop():
            raise KeyboardInterrupt
        said += digest(frame) in bundles[sender].said.get(block_of(frame), ())
        return (frame,)

    with settled(stores):
        chains = {role: _stages(role, scenarios[role], bundles[role], stores[role]) for role in PARTIES}
        sources = {role: _source(run, role, scenarios[role], bundles[role]) for role in PARTIES}
        try:
            for role, message in run_pair(
                chains["alice"], chains["bob"], sources["alice"], sources["bob"], carry
            ):
                run.add(role, message)
                watch(run)
        except KeyboardInterrupt:
            run.interrupted = True
        except (RecordingError, PostprocError):
            # Where a crash has cut a recording off, its last blocks cannot be made again.
            if all(bundle.whole for bundle in bundles.values()):
                raise
    return run, _comparison(run, bundles, said)


def scenario_of(bundle: Bundle) -> Scenario:
    """Read the scenario that a bundle holds, as it was calibrated."""
    with tempfile.TemporaryDirectory(prefix="qkdctl-") as folder:
        path = Path(folder) / "scenario.toml"
        path.write_text(bundle.head.scenario)
        results = Path(folder) / "results.json"
        results.write_text(bundle.head.calibration)
        calibration = read_calibration(results) if bundle.head.calibration else None
        return calibrated(load_scenario(path), calibration)


def _check_that_they_met(bundles: dict[Role, Bundle]) -> None:
    """See that what each party said first is what the other one heard, as far as both recordings go."""
    alice, bob = (bundles[role] for role in PARTIES)
    for role in sorted(alice.greetings.keys() & bob.greetings.keys()):
        if alice.greetings[role] != bob.greetings[role]:
            raise RecordingError(
                f"{alice.folder} and {bob.folder}: are of different sessions, for what {role.capitalize()} said "
                "first in one is not what the other has; give the two folders of one session"
            )


def _stages(role: Role, scenario: Scenario, bundle: Bundle, store: KeyStore) -> list[Stage]:
    pool = bundle.head.pool
    if pool.signed:
        raise RecordingError(
            f"{bundle.folder}: the session was signed with the parties' identities, which no recording holds; only "
            "sessions with a pre-shared key are repeated"
        )
    store.pool.restore(pool.source, pool.hash_keys, pool.free, pool.epsilon)
    proof, _ = proof_of(scenario.parameters)
    origin = Origin(scenario.name, scenario.parameters.protocol, proof.name, scenario.waived)
    sink = HeldSink(store, LABEL, origin, bundle)
    for key in bundle.head.staged:
        sink.stage(key)
    return stages(scenario.parameters, Party(role, bundle, store.pool, sink))


def _source(run: Run, role: Role, scenario: Scenario, bundle: Bundle) -> Iterator[Traffic]:
    parameters = scenario.parameters
    slot_s = 1 / parameters.slot_hz if isinstance(parameters, DecoyBb84) else 0.0
    for message in bundle.messages():
        if isinstance(message, TagChunk | StateChunk):
            run.stretches[role].take(message, slot_s)
        yield message


def _comparison(run: Run, bundles: dict[Role, Bundle], said: int) -> dict[str, Any]:
    whole = all(bundle.whole for bundle in bundles.values())
    differences = [
        f"block {block} came to something else at {role.capitalize()}"
        for role, bundle in bundles.items()
        for block in _differing(bundle.results, run.results[role], whole)
    ]
    expected = sum(len(frames) for bundle in bundles.values() for frames in bundle.said.values())
    return {
        "blocks": max(len(_keys(bundle.results)) for bundle in bundles.values()),
        "frames": said,
        "frames_then": expected,
        "whole": whole,
        "same": not differences,
        "differences": differences,
    }


def _differing(results_then: list[Any], results_now: list[Any], whole: bool) -> list[int]:
    """Give the blocks that came to something else.

    A block that was under way when the session lost its peer, or whose line failed, may well end in key here, where
    nothing fails; where a recording was cut short, its last blocks may not.
    """
    then, now = _keys(results_then), _keys(results_now)
    refused = {
        (r.record.session, r.record.block)
        for r in results_then
        if isinstance(r, BlockEnded) and r.outcome == "refused"
    }
    changed = {block for block in then.keys() & now.keys() if not _alike(then[block], now[block])}
    missing = then.keys() - now.keys() if whole else set()
    return [number for _, number in sorted(changed | missing | now.keys() & refused)]


def _keys(results: list[Any]) -> dict[tuple[bytes, int], SecretBlock]:
    """The blocks that ended in key, with their ledgers and figures."""
    return {(r.record.session, r.record.block): r for r in results if isinstance(r, SecretBlock)}


def _alike(one: Any, other: Any) -> bool:
    """Compare outcomes; other processors add in another order, so that figures may differ in their last digits."""
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=TOLERANCE)
    if isinstance(one, msgspec.Struct) and type(one) is type(other):
        return _alike(msgspec.structs.asdict(one), msgspec.structs.asdict(other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(value, other[name]) for name, value in one.items())
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    return bool(one == other)
