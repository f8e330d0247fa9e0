"""What to tell a person about a run that did not come to what it should."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from postproc.conversation.agreement import DISAGREEMENT, KEY_MISMATCH
from postproc.outcome import BlockEnded
from postproc.parameters.receiver import Receiver
from postproc.parameters.session import Bbm92
from postproc.types import Alarm, Role
from qkdctl.config.scenario import Scenario
from qkdctl.errors import DisagreementError, NoLockError, RecordingError
from qkdctl.run import Run


def raise_if_never_started(
    run: Run, scenarios: dict[Role, Scenario], sources: Mapping[Role, Path | str]
) -> None:
    """Raise where a run never came to its first block, with the best reason there is.

    Raises
    ------
    DisagreementError
        If the configurations differ.
    RecordingError
        If the pre-shared keys differ, or a recording is from other detectors than the scenario's.
    NoLockError
        If the clocks could not be locked.
    """
    end = _end_of_preamble(run)
    if end is None or run.interrupted or any(run.keys(role) for role in run.results):
        return
    raise_if_refused(end)
    for role, receiver in _receivers(scenarios).items():
        _check_channels(role, receiver, run, sources[role])
    silent = [f"; {alarm.subject} never clicked" for alarm in silent_detectors(run, scenarios)]
    raise NoLockError(end.reason + "".join(silent))


def raise_if_refused(end: BlockEnded) -> None:
    """Raise where two parties did not even begin, from how their preamble ended.

    Raises
    ------
    DisagreementError
        If the configurations differ.
    RecordingError
        If the pre-shared keys differ.
    """
    if DISAGREEMENT in end.reason:
        raise DisagreementError(end.reason)
    if KEY_MISMATCH in end.reason:
        raise RecordingError(end.reason)


def silent_detectors(run: Run, scenarios: dict[Role, Scenario]) -> list[Alarm]:
    """Name the detectors of the scenario that never clicked."""
    return [
        Alarm(
            "detector-silent",
            "warning",
            f"{role.capitalize()}'s detector on channel {detector.channel}",
            {"tags": 0},
            "The scenario has this detector and the recording no tag of it: the detector was off, or the "
            "scenario gives it another channel than the tagger did.",
        )
        for role, receiver in _receivers(scenarios).items()
        for detector in receiver.detectors
        if run.stretches[role].count and not run.stretches[role].by_channel[detector.channel]
    ]


def why_no_key(run: Run, summary: dict[str, Any]) -> str:
    """Say in one sentence why no block ended in key."""
    reasons = sorted({block["reason"] for block in summary["blocks"]} - {None})
    if reasons and not any(alarm["name"] == "block-unfilled" for alarm in summary["alarms"]):
        return "; ".join(reasons)
    recorded = ", ".join(f"{role.capitalize()} {s.duration_s:.3g} s" for role, s in run.stretches.items())
    parameters = run.scenario.parameters
    return "; ".join(
        [
            *reasons,
            f"the recordings ({recorded}) must both cover the preamble of {parameters.clock.preamble_s:g} s and, "
            f"after it, a whole block of {parameters.block_s:g} s; record longer, or agree on shorter blocks",
        ]
    )


def _end_of_preamble(run: Run) -> BlockEnded | None:
    for results in run.results.values():
        for result in results:
            if isinstance(result, BlockEnded) and result.record.block == 0:
                return result
    return None


def _receivers(scenarios: dict[Role, Scenario]) -> dict[Role, Receiver]:
    """Give the detectors of the parties that have some."""
    alice, bob = scenarios["alice"].parameters, scenarios["bob"].parameters
    return {"alice": alice.alice, "bob": bob.bob} if isinstance(alice, Bbm92) else {"bob": bob.bob}


def _check_channels(role: Role, receiver: Receiver, run: Run, source: Path | str) -> None:
    by_channel = run.stretches[role].by_channel
    channels = sorted(detector.channel for detector in receiver.detectors)
    if by_channel.any() and not by_channel[channels].any():
        there = ", ".join(map(str, np.flatnonzero(by_channel)))
        raise RecordingError(
            f"{source}: has tags on channels {there} only, and {role.capitalize()}'s detectors are on "
            f"{', '.join(map(str, channels))}; were the two recordings swapped, or the channels renumbered?"
        )
