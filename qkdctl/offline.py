"""Keys from two recordings, from scenario files and key stores to figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from postproc.entropy import Entropy
from postproc.timetags.formats.choice import is_segment_folder
from postproc.timetags.formats.sealed import RecordingKey
from postproc.types import Role
from qkdctl.config.load import load_scenario
from qkdctl.config.scenario import Scenario, reserve_tags
from qkdctl.diagnosis import raise_if_never_started, silent_detectors
from qkdctl.errors import RecordingError
from qkdctl.keystore.pair import both_stores, share_key
from qkdctl.keystore.sharedkey import read_shared_key
from qkdctl.process import Files, paths_of, process
from qkdctl.run import Run
from qkdctl.summary import summarise


@dataclass(frozen=True)
class Job:
    """What is to be made of what.

    Attributes
    ----------
    scenario_files : dict of Role to Path
        Each party's own.
    recordings : dict of Role to Path, or to several of them
        Each party's own; one for each pass where the scenario pools passes.
    stores : Path
        Directory of the key stores.
    shared_key : Path or None
        The pre-shared key with which both authentication pools begin anew.
    recording_key : RecordingKey or None
        Of recordings that are encrypted.
    """

    scenario_files: dict[Role, Path]
    recordings: Files
    stores: Path
    shared_key: Path | None = None
    recording_key: RecordingKey | None = None


def make_keys(
    job: Job,
    *,
    entropy: dict[Role, Entropy] | None = None,
    watch: Callable[[Run], None] = lambda run: None,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[Run, dict[str, Any]]:
    """Make keys, and sum up what came of it.

    Parameters
    ----------
    job : Job
    entropy, watch, stop
        As :func:`~qkdctl.process.process` takes them.

    Returns
    -------
    run : Run
    summary : dict
        As ``docs/process.md`` explains it.

    Raises
    ------
    QkdctlError, PostprocError
        If the scenarios, recordings or stores cannot be used, or nothing could be begun.
    """
    scenarios: dict[Role, Scenario] = {role: load_scenario(path) for role, path in job.scenario_files.items()}
    paths = paths_of(job.recordings)
    _look_at(paths)
    shared_key = None if job.shared_key is None else read_shared_key(job.shared_key)
    with both_stores(job.stores) as stores:
        alarms = share_key(stores, shared_key, reserve_tags(scenarios))
        run = process(
            job.recordings,
            scenarios,
            stores,
            entropy=entropy,
            recording_key=job.recording_key,
            watch=watch,
            stop=stop,
        )
        raise_if_never_started(run, scenarios, {role: several[0] for role, several in paths.items()})
        return run, summarise(run, stores, [*alarms, *silent_detectors(run, scenarios)])


def _look_at(recordings: dict[Role, list[Path]]) -> None:
    """Look before a key store is made for nothing."""
    for role, path in ((role, path) for role, paths in recordings.items() for path in paths):
        if not path.exists():
            raise RecordingError(f"{path}: there is no such recording; --{role} names a file")
        if not path.is_file() and not is_segment_folder(path):
            raise RecordingError(
                f"{path}: is not a file; --{role} names a recording, or a folder of its segments"
            )
