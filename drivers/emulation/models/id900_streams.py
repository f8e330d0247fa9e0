"""How the ID900's tags reach a program: sub-acquisitions, and the DataLinkTarget service that hands them on.

Source: Time Controller Series user manual, pages 90 and 91 (commands of the service, answers in JSON, ports),
and the vendor's examples: one message a sub-acquisition and channel, whose times begin anew with each; an empty one at
the end; pairs of time and index of the reference; files of either form. Invented: that a sub-acquisition without tags
gives an empty message; the texts of errors, that only new files are written and no hidden ones, that indices begin anew
with each sub-acquisition; that what is beyond the instrument's 10 million events a second gets lost at the end of one.
"""

from __future__ import annotations

import json
import shlex
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.emulation.models.base import QuietLine
from drivers.emulation.models.id900_blocks import Acquisition, Blocks
from drivers.emulation.models.timebase import Timebase
from drivers.emulation.seams import Clicks, TaggerSeam
from drivers.transport.memory import Replies

CHANNELS = 4
#: Events a second on all channels that still get through.
MOST_HZ = 12e6
#: Its own clock is too slow by so much.
FREE_PPM = -3
Times = NDArray[np.int64]
#: Unsigned to the vendor; its times are not negative.
TIMESTAMP = np.dtype("<i8")
LATENCY_S = 0.0003


@dataclass
class Stream:
    """One channel's way to its reader.

    Attributes
    ----------
    key : str
        By which the service knows it; empty while nobody asked for it.
    sending : bool
        Whether the instrument sends.
    lost : int
        Tags that the instrument lost.
    indexed : bool
        Whether each tag is followed by the index of its reference.
    port : int
        Where the reader looks for them; 0 for nowhere in particular.
    file : Path or None
        Where they are written instead.
    plain : bool
        Whether the file is text.
    """

    key: str = ""
    sending: bool = False
    lost: int = 0
    indexed: bool = False
    port: int = 0
    file: Path | None = None
    plain: bool = False
    messages: deque[bytes] = field(default_factory=deque)
    acquisitions: int = 0
    timestamps: int = 0
    last_s: float = 0.0

    def give(self, times: Times, indices: Times, now_s: float) -> None:
        """Hand on the tags of a sub-acquisition; without a reference there are no indices."""
        self.timestamps += len(times)
        self.acquisitions += 1
        self.last_s = now_s
        if self.indexed:
            indices = indices if len(indices) else np.zeros(len(times), np.int64)
            times = np.column_stack((times, indices[: len(times)])).reshape(-1)
        if self.file is None:
            self.messages.append(times.astype(TIMESTAMP, copy=False).tobytes())
        elif len(times):
            self._write(times)

    def _write(self, times: Times) -> None:
        assert self.file is not None
        if not self.plain:
            data = times.astype(TIMESTAMP, copy=False).tobytes()
        else:
            rows = times.reshape(-1, 2 if self.indexed else 1).tolist()
            data = "".join(";".join(map(str, row)) + "\n" for row in rows).encode("ascii")
        with self.file.open("ab") as file:
            file.write(data)

    def status(self, now_s: float) -> dict[str, Any]:
        """Tell what the service tells."""
        return {
            "acquisitions_count": self.acquisitions,
            "timestamps_count": self.timestamps,
            "inactivity": now_s - self.last_s,
            "errors": [],
        }


class Recorder:
    """Cuts clicks into sub-acquisitions.

    Parameters
    ----------
    cables : TaggerSeam
    sees : callable
        Tells whether a channel's input sees the pulses.
    blocks : Blocks
        Which make of clicks what is recorded.
    """

    def __init__(self, cables: TaggerSeam, sees: Callable[[int], bool], blocks: Blocks) -> None:
        self._cables, self._sees, self._blocks = cables, sees, blocks
        self.streams = {channel: Stream() for channel in range(1, CHANNELS + 1)}
        self.playing = self.stalled = False
        self.lost_share = 0.0
        self.timebase = Timebase(FREE_PPM)
        self._clicks: dict[int, list[Times]] = {channel: [] for channel in self.streams}
        self._zero_ps = self._width_ps = self._period_ps = self._left = self._done = 0

    def play(self, now_s: float, width_ps: int, period_ps: int, number: int | None) -> None:
        """Begin with the first of so many sub-acquisitions; None for as many as there is time for."""
        self._cables.begin(now_s)
        self._zero_ps = self.timebase.instant(self._cables.clicks(now_s).until_ps)
        self._width_ps, self._period_ps = width_ps, period_ps
        self._done, self._left = 0, -1 if number is None else number
        self._clicks = {channel: [] for channel in self.streams}
        self.playing = True

    def stop(self, now_s: float) -> None:
        """End the sub-acquisition that runs, and send what it has."""
        while self.playing and self.next_s() <= now_s:
            self.advance(now_s)
        if self.playing:
            self._finish(now_s)
            self.playing = False

    def next_s(self) -> float:
        """Tell when there will be something to look at."""
        return self._cables.next_s() if self.playing else inf

    def advance(self, now_s: float) -> None:
        """Look at the clicks until now, at most one block of the bench at a time."""
        if not self.playing or now_s < self.next_s():
            return
        found = self._cables.clicks(min(now_s, self.next_s()))
        for channel, times in _by_channel(found).items():
            if self._sees(channel):
                self._clicks[channel].append(self.timebase.shown(times))
        until_ps = self.timebase.instant(found.until_ps) - self._zero_ps
        while self.playing and until_ps >= self._done * self._period_ps + self._width_ps:
            self._finish(now_s)

    def _finish(self, now_s: float) -> None:
        """Send the sub-acquisition that is over, and keep what came after it."""
        begin_ps = self._zero_ps + self._done * self._period_ps
        edges_ps = begin_ps, begin_ps + self._width_ps, begin_ps + self._period_ps
        own = {}
        for channel, parts in self._clicks.items():
            times = np.concatenate([np.empty(0, np.int64), *parts])
            first, stop, rest = np.searchsorted(times, edges_ps)
            own[channel] = times[first:stop] - begin_ps
            self._clicks[channel] = [times[rest:]]
        run = Acquisition(own, self._width_ps)
        self._blocks.count(run)
        self._send(run, now_s)
        self._done += 1
        self._left -= 1
        self.playing = self._left != 0

    def _send(self, run: Acquisition, now_s: float) -> None:
        tags = {channel: self._blocks.raw(channel, run) for channel in self.streams}
        came = sum(len(times) for times, _ in tags.values())
        share = min(MOST_HZ * self._width_ps / 1e12 / max(came, 1), 1.0) * (1 - self.lost_share)
        for channel, stream in self.streams.items():
            times, indices = tags[channel]
            room = round(share * len(times))
            stream.lost += len(times) - room
            if stream.sending and stream.key:
                stream.give(times[:room], indices, now_s)


def _by_channel(clicks: Clicks) -> dict[int, Times]:
    """Sort clicks by the channel that their input is called."""
    order = np.argsort(clicks.input, kind="stable")
    ends = np.cumsum(np.bincount(clicks.input, minlength=CHANNELS))[: CHANNELS - 1]
    parts = np.split(clicks.time_ps[order], ends)
    return dict(enumerate(parts, 1))


class StreamLine(QuietLine):
    """The service's line to the reader of one channel."""

    def __init__(self, recorder: Recorder, channel: int) -> None:
        self._recorder, self._stream = recorder, recorder.streams[channel]

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`: it takes nothing."""
        return []

    @property
    def wanted_port(self) -> int:
        """Where the reader looks for the tags; 0 for nowhere in particular."""
        return self._stream.port

    def poll(self, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        self._recorder.advance(now_s)
        ready = self._stream.messages and not self._recorder.stalled
        return [(now_s, self._stream.messages.popleft())] if ready else []

    def next_s(self, now_s: float) -> float:
        """See :class:`~drivers.transport.memory.Line`."""
        ready = self._stream.messages and not self._recorder.stalled
        return now_s if ready else self._recorder.next_s()


class ServiceLine(QuietLine):
    """A line to the service: requests like a command line's, answers in JSON."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        self._recorder.advance(now_s)
        try:
            name, *words = shlex.split(data.decode("utf-8", "replace")) or [""]
            answer = self._answer(name, dict(pairwise([*words, ""])), now_s)
        except ValueError as error:
            answer = _error(f"cannot be understood: {error}")
        except KeyError as missing:
            answer = _error(f"missing or unknown {missing.args[0]}")
        except OSError as error:
            answer = _error(f"cannot write there: {error.strerror}")
        return [(now_s + LATENCY_S, json.dumps(answer).encode())]

    def _answer(self, name: str, options: dict[str, str], now_s: float) -> Any:
        if name == "list":
            return [stream.key for stream in self._recorder.streams.values() if stream.key]
        if name in ("start-stream", "start-save"):
            return self._start(name, options, now_s)
        if name == "status":
            return self._find(options["--id"]).status(now_s)
        if name == "stop":
            stream = self._find(options["--id"])
            status = stream.status(now_s)
            stream.key, stream.port = "", 0
            stream.messages.append(b"")
            return {"status": status}
        return _error(f"unknown command {name}")

    def _start(self, name: str, options: dict[str, str], now_s: float) -> Any:
        number, address = options["--channel"], options["--address"]
        port = int(options["--stream-port"]) if name == "start-stream" else 0
        file = Path(options["--filename"]) if name == "start-save" else None
        plain = options.get("--format", "bin") == "ascii"
        if number not in map(str, self._recorder.streams):
            raise KeyError("--channel")
        stream = self._recorder.streams[int(number)]
        if stream.key:
            return _error("an acquisition is already running on this channel")
        if file is not None:
            # Whoever may talk to the service may not have it write what others would execute.
            if any(part.startswith(".") for part in file.parts):
                return _error("files and folders whose names begin with a dot are not written")
            file.touch(exist_ok=False)
        stream.key = options.get("--id") or f"{address}:{5555 + int(number)}"
        stream.indexed, stream.port, stream.file, stream.plain = (
            "--with-ref-index" in options,
            port,
            file,
            plain,
        )
        stream.acquisitions, stream.timestamps, stream.last_s = 0, 0, now_s
        stream.messages.clear()
        return {"id": stream.key}

    def _find(self, key: str) -> Stream:
        for stream in self._recorder.streams.values():
            if key and stream.key == key:
                return stream
        raise KeyError("--id")


def _error(description: str) -> dict[str, Any]:
    return {"error": {"description": description}}
