"""What is written down while a session is soaked: a line every few seconds, in a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import BinaryIO

import msgspec

from postproc.types import Role
from qkdctl.errors import RecordingError
from qkdctl.node.family import HERE
from qkdctl.node.memory import InUse, in_use
from qkdctl.node.telemetry import Event
from qkdctl.soak.footprint import Footprint, footprints


class Sample(msgspec.Struct, frozen=True):
    """One look at a session.

    Attributes
    ----------
    t_s : float
        Seconds since the first look.
    processes : dict of str to Footprint
        By name, such as ``bob.stages-1``.
    sifted_bits, secret_bits, keys, ended : int
        So far, by what Bob tells: sifted bits of both bases, key, blocks with and without key.
    sessions : int
        Begun so far.
    recorded_s : float
        What Alice has sent in this session, by her instruments' time.
    in_use : dict of str to InUse
        By name: what each process last told of the memory it uses; those that do not tell are left out.
    """

    t_s: float
    processes: dict[str, Footprint]
    sifted_bits: int
    secret_bits: int
    keys: int
    ended: int
    sessions: int
    recorded_s: float
    in_use: dict[str, InUse] = msgspec.field(default_factory=dict)


class Sampler:
    """Listens to both nodes and looks at their processes now and then.

    Parameters
    ----------
    file : BinaryIO
        Where the samples go, a line of JSON each.
    every_s : float
    """

    def __init__(self, file: BinaryIO, every_s: float) -> None:
        self._file, self._every_s = file, every_s
        self._counts: Counter[str] = Counter()
        self._in_use: dict[str, InUse] = {}
        self._recorded_s = 0.0
        self._start_s: float | None = None
        self._next_s = 0.0

    def hear(self, role: Role, event: Event) -> None:
        """Count what the nodes tell."""
        if event.kind == "load" and "allocated_bytes" in event.figures:
            told = (int(event.figures[name]) for name in InUse._fields)
            self._in_use[f"{role}.{event.subject}"] = InUse(*told)
        if role == "alice":
            if event.kind == "rates":
                self._recorded_s = float(event.figures.get("recorded_s", 0.0))
            return
        match event.kind, event.subject:
            case "state", "paused":
                # How the first one began may have been told before anybody listened.
                self._counts["broken"] += 1
            case "sifted", _:
                self._counts["sifted"] += int(event.figures["key_bits"]) + int(event.figures["test_bits"])
            case "block", _:
                self._counts["keys" if event.figures["outcome"] == "key" else "ended"] += 1
                self._counts["secret"] += int(event.figures.get("secret_bits", 0))

    def watch(self, directories: Mapping[Role, Path]) -> None:
        """Look, if it is time."""
        now_s = monotonic()
        if now_s < self._next_s:
            return
        self._start_s = now_s if self._start_s is None else self._start_s
        self._next_s = now_s + self._every_s
        if (here := in_use()) is not None:
            self._in_use[HERE] = here
        sample = Sample(
            t_s=round(now_s - self._start_s, 3),
            processes=footprints(directories),
            sifted_bits=self._counts["sifted"],
            secret_bits=self._counts["secret"],
            keys=self._counts["keys"],
            ended=self._counts["ended"],
            sessions=1 + self._counts["broken"],
            recorded_s=self._recorded_s,
            in_use=dict(self._in_use),
        )
        self._file.write(msgspec.json.encode(sample) + b"\n")
        self._file.flush()


Watch = Callable[[Mapping[Role, Path]], None]


def read_samples(path: Path) -> list[Sample]:
    """Read what a sampler has written; a last line cut short is left out.

    Raises
    ------
    RecordingError
        If the file is no file of samples.
    """
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
        return [msgspec.json.decode(line, type=Sample) for line in lines]
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}") from None
    except (msgspec.MsgspecError, ValueError) as error:
        raise RecordingError(f"{path}: holds no samples, as qkdctl soak writes them: {error}") from None
