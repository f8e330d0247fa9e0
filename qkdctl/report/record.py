"""The session file: one JSON object with everything about a session that is not secret.

It holds what was agreed, which instruments stood where, every block's ledger, alarms and the course of the
count rates; never a key, a bit of one, or a tag. ``docs/report.md`` explains its fields.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from postproc.files import write_whole
from postproc.types import Role
from qkdctl.calibration.record import read_calibration
from qkdctl.config.scenario import Scenario
from qkdctl.errors import RecordingError
from qkdctl.history import History
from qkdctl.keystore.pair import Stores
from qkdctl.node.label import label_of

FORMAT = "qkdctl-session"
VERSION = 1
FOLDER = "sessions"
"""Where session files lie, in the directory of the key stores."""

Record = dict[str, Any]
NONE: Mapping[Role, Path] = MappingProxyType({})


def session_record(
    scenarios: dict[Role, Scenario],
    summary: dict[str, Any],
    history: History,
    stores: Stores,
    failures: dict[Role, str],
    calibrations: Mapping[Role, Path] = NONE,
    *,
    recorded: bool = False,
) -> Record:
    """Put together what is to be kept of a session.

    Parameters
    ----------
    scenarios : dict of Role to Scenario
    summary : dict
        From :func:`qkdctl.summary.summarise`.
    history : History
    stores : dict of Role to KeyStore
    failures : dict of Role to str
        Why a node failed, where one did.
    calibrations : dict of Role to Path
        What each party was calibrated to.
    recorded : bool, optional
        The tags were kept.
    """
    scenario = scenarios["alice"]
    emulated = any(each.get("emulated") == "yes" for each in history.instruments.values())
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": scenario.name,
        "label": label_of(scenario, recorded=recorded, emulated=emulated, seeded=False),
        "started": _utc(history.started),
        "ended": _utc(datetime.now(UTC)),
        "failures": failures,
        "summary": summary,
        "instruments": _instruments(scenarios, history),
        "parameters": asdict(scenario.parameters),
        "calibration": _calibration(calibrations),
        "bench": None if scenario.emulation is None else asdict(scenario.emulation),
        "key_stores": {role: _store(store) for role, store in stores.items()},
        "history": history.table(),
        "software": {"qkdctl": version("qkdctl"), "python": platform.python_version()},
    }


def save_record(text: str, name: str, started: str, stores: Path) -> Path:
    """Write a session file beside the key stores; give its path."""
    folder = stores / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    stamp = started.replace(":", "").replace("-", "")
    path = folder / f"{stamp}-{''.join(c if c.isalnum() or c in '-_' else '-' for c in name)}.json"
    write_whole(path, text)
    return path


def load_record(path: Path) -> Record:
    """Read a session file.

    Raises
    ------
    RecordingError
        If it is none.
    """
    try:
        record = json.loads(path.read_text())
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise RecordingError(f"{path}: is no session file: it is not JSON") from None
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise RecordingError(f'{path}: is no session file: those begin with "format": "{FORMAT}"')
    if record.get("version") != VERSION:
        raise RecordingError(
            f"{path}: is a session file of version {record.get('version')}; this qkdctl reads version {VERSION}"
        )
    return record


def latest_record(stores: Path) -> Path:
    """Find the last session that made keys for these key stores.

    Raises
    ------
    RecordingError
        If there is none.
    """
    found = sorted((stores / FOLDER).glob("*.json"))
    if not found:
        raise RecordingError(
            f"{stores / FOLDER}: holds no session file; `qkdctl run` and `qkdctl demo` write one each, name "
            "their key stores with --store or give the file"
        )
    return found[-1]


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _instruments(scenarios: dict[Role, Scenario], history: History) -> list[dict[str, Any]]:
    rows = []
    for role, scenario in scenarios.items():
        for name, config in scenario.instruments.get(role, {}).items():
            told = history.instruments.get(f"{role}.{name}", {})
            rows.append(
                {
                    "name": f"{role}.{name}",
                    "driver": config.driver,
                    "address": config.address,
                    "identity": told.get("identity"),
                    "emulated": told.get("emulated", "unknown"),
                    "settings": dict(config.settings),
                }
            )
    return rows


def _calibration(calibrations: Mapping[Role, Path]) -> list[dict[str, Any]]:
    """What was calibrated, without the curves; both parties' once where they have one file."""
    results = [
        result for path in sorted(set(calibrations.values())) for result in read_calibration(path).results
    ]
    return [msgspec.to_builtins(msgspec.structs.replace(result, pictures=[])) for result in results]


def _store(store: Any) -> dict[str, Any]:
    """How full a key store is, and the authentication pool with it."""
    keys, bits = store.level()
    return {
        "keys": keys,
        "bits": bits,
        "quarantined_keys": sum(entry.label == "quarantined" for entry in store.entries()),
        "authentication_keys": min(store.pool.remaining(sender) for sender in ("alice", "bob")),
    }
