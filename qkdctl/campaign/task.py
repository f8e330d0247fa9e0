"""One recording of a campaign: made whole, by whoever, or not at all.

Everything is made in a hidden folder that gets its name when it is complete. A worker that is lost leaves such a
folder and nothing else, and one that is only believed lost finds the name taken: no recording is counted twice.
What goes between machines are these tasks and results, paths and public figures; keys stay in the folders.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from postproc.types import Role
from qkdctl.cli.failures import exit_code, sentences
from qkdctl.cli.output import jsonable
from qkdctl.diagnosis import why_no_key
from qkdctl.errors import NoKeyError
from qkdctl.offline import Job, make_keys
from qkdctl.seeds import both_seeded

SUMMARY = "summary.json"


@dataclass(frozen=True)
class Task:
    """A recording, and where its keys go.

    Attributes
    ----------
    name : str
        Of the recording.
    alice, bob : str
        Both parties' files.
    config, bob_config : str
        Both parties' scenario files.
    target : str
        The folder of its key stores and figures.
    seed : int or None
        Of the campaign; the recording's name makes it different for each.
    version : str
        Of the qkdctl that asks.
    """

    name: str
    alice: str
    bob: str
    config: str
    bob_config: str
    target: str
    seed: int | None
    version: str


@dataclass(frozen=True)
class Result:
    """What came of a recording.

    Attributes
    ----------
    name : str
    code : int
        The exit code that ``qkdctl process`` would have ended with.
    error : str or None
        One sentence, where it failed.
    summary : dict or None
        As ``docs/process.md`` explains it.
    """

    name: str
    code: int
    error: str | None = None
    summary: dict[str, Any] | None = None


def earlier(target: Path, name: str) -> Result | None:
    """What came of a recording in an earlier run; None where it was not finished."""
    try:
        return Result(name=name, **json.loads((target / SUMMARY).read_text()))
    except FileNotFoundError:
        return None


def carry_out(task: Task) -> Result:
    """Make the keys of a recording.

    Never raises for what is wrong with the recording: the result says it. A campaign goes on.
    """
    from qkdctl import __version__

    if task.version != __version__:
        return Result(task.name, 1, f"this worker has qkdctl {__version__}, expected {task.version}")
    target = Path(task.target)
    target.parent.mkdir(0o700, parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        return _whole(_make(task, draft), draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _make(task: Task, stores: Path) -> Result:
    files: dict[Role, Path] = {"alice": Path(task.config), "bob": Path(task.bob_config)}
    job = Job(files, {"alice": Path(task.alice), "bob": Path(task.bob)}, stores)
    try:
        run, summary = make_keys(job, entropy=both_seeded(task.seed, task.name))
    except Exception as error:
        return Result(task.name, exit_code(error), " ".join(sentences(error)))
    figures = jsonable(summary)
    if summary["secret_bits"]:
        return Result(task.name, 0, None, figures)
    return Result(task.name, NoKeyError.exit_code, why_no_key(run, summary), figures)


def _whole(result: Result, draft: Path, target: Path) -> Result:
    """Give the folder its name; where somebody was first, theirs counts."""
    if result.summary is None:
        return result
    facts = {"code": result.code, "error": result.error, "summary": result.summary}
    (draft / SUMMARY).write_text(json.dumps(facts, indent=2))
    try:
        draft.rename(target)
    except OSError:
        return earlier(target, result.name) or Result(result.name, 4, f"{target}: is there already")
    return result
