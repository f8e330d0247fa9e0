"""An ID Quantique ID900 or ID1000 Time Controller, with the DataLinkTarget service of its host computer.

Sources: Time Controller Series user manual, pages 42 to 91; MSL's driver (answers, word for word); the vendor's
examples; drivers of several laboratories (which blocks are set how). Invented: the answer to ``*IDN?``, the keys of
``STATe?``, what arming answers, that the START input sees nothing and outputs drive nothing, that counters of combiners
count what these forward, that an input's error is 1 after the external clock was lost.
"""

from __future__ import annotations

from drivers.emulation.knob import trouble
from drivers.emulation.models.base import Model, OwnPort, QuietLine
from drivers.emulation.models.id900_blocks import Blocks
from drivers.emulation.models.id900_grammar import Action, Grammar
from drivers.emulation.models.id900_settings import PRESET, SETTINGS, STATES, preset
from drivers.emulation.models.id900_streams import CHANNELS, LATENCY_S, Recorder, ServiceLine, StreamLine
from drivers.emulation.seams import TaggerSeam
from drivers.transport.memory import Replies

RESET = "Counter value set to 0 "
CALIBRATED = "Cleared Highres errors"


class Id900Model(Model):
    """The time controller and the service.

    Parameters
    ----------
    cables : TaggerSeam
    serial : str
    """

    def __init__(self, cables: TaggerSeam, serial: str) -> None:
        self._cables, self._serial = cables, serial
        self._blocks = Blocks(lambda name, number: self._grammar.value(name, number))
        self._recorder = Recorder(cables, self._sees, self._blocks)
        self._reset_s: dict[int, float] = {}
        self._grammar = Grammar(SETTINGS, self._actions())
        self._reference_lost = self._unlocked = self._old_firmware = False
        self.troubles = {
            "reference_lost": trouble("its external clock is gone", self._lose_reference),
            "overflow_share": trouble("its buffers lose this share of the tags", self._overflow, 0.0, 1.0),
            "old_firmware": trouble("its firmware speaks the older dialect", self._set_old),
            "dlt_stall": trouble("the DataLinkTarget service hands nothing on", self._stall),
        }
        streams = {f"stream{channel}": self._stream_port(channel) for channel in range(1, CHANNELS + 1)}
        self.ports = {
            "main": OwnPort(lambda _: MessageLine(self)),
            "dlt": OwnPort(lambda _: ServiceLine(self._recorder)),
            **streams,
        }

    def run(self, message: str, now_s: float) -> str:
        """Execute a message and give its answer."""
        if self._old_firmware and message.lstrip(":").upper().startswith(("RAW", "REC")):
            return f"{message} SCPI_ERR_INVALID_CMD"
        duration, sync = (self._grammar.value(name) for name in ("RECord:DURation", "DEVIce:SYNC"))
        answer = self._grammar.run(message, now_s)
        if (lasts := self._grammar.value("RECord:DURation")) != duration:
            self._grammar.set("RECord:PWIDth", lasts)
        if self._grammar.value("DEVIce:SYNC") != sync:
            self._follow()
        if wanted := self._grammar.value(PRESET):
            preset(self._grammar, wanted)
        for channel, stream in self._recorder.streams.items():
            stream.sending = self._grammar.value("RAW#4:SEND", channel) == "ON"
        self._cables.trigger(now_s, self._level_v(1))
        return answer

    def _stream_port(self, channel: int) -> OwnPort:
        return OwnPort(lambda _: StreamLine(self._recorder, channel))

    def _actions(self) -> dict[str, Action]:
        streams = self._recorder.streams
        return {
            "*IDN?": lambda n, _: f"ID Quantique,ID1000,{self._serial},2.7.0",
            "INPUt#4:COUNter?": lambda n, now_s: str(self._counts(n, now_s)),
            "INPUt#4:COUNter:RESEt": self._reset,
            "INPUt#4:HIREs:ERROr?": lambda n, _: "1" if self._unlocked else "0",
            "INPUt#4:HIREs:ERROr:CLEAr": self._clear_resolution,
            "STARt:COUNter?": lambda n, _: "0",
            "STARt:COUNter:RESEt": lambda n, _: RESET,
            "STARt:HIREs:ERROr?": lambda n, _: "0",
            "STARt:HIREs:ERROr:CLEAr": lambda n, _: CALIBRATED,
            "TSCOmbiner#12:COUNter?": lambda n, now_s: str(self._combined(n, now_s)),
            "TSCOmbiner#12:COUNter:RESEt": self._reset_combined,
            "RAW#4:ERRORS?": lambda n, _: str(streams[n].lost),
            "RAW#4:ERRORS:CLEAR": self._clear_errors,
            "RECord:PLAY": self._play,
            "RECord:STOP": self._stop,
            "RECord:STAGe?": lambda n, _: "PLAYING" if self._recorder.playing else "IDLE",
            "GEN#8:PLAY": lambda n, _: "Playing",
            "GEN#8:STOP": lambda n, _: "Stopped",
            **{f"{block}:TRIGger:ARM": lambda n, _: "Armed" for block in ("RECord", "GEN#8")},
            **{f"{block}:TRIGger:DARM": lambda n, _: "Disarmed" for block in ("RECord", "GEN#8")},
            "HISTogram#4:FLUSh": self._flush,
            "HISTogram#4:DATA?": lambda n, _: str(self._blocks.histogram(n)).replace(" ", ""),
            "DEVIce:RESolution:BWIDth?": lambda n, _: self._bin_width(),
            "DEVIce:SAMPling:RECAlibrate": lambda n, _: "Recalibration done",
            **{f"{block}:STATe?": self._teller(block) for block in STATES},
            "STATe?": lambda n, _: self._state("DEVIce", 0),
        }

    def _teller(self, block: str) -> Action:
        return lambda number, _: self._state(block, number)

    def _flush(self, number: int, now_s: float) -> str:
        self._blocks.flush(number)
        return "Flushed Histogram!"

    def _reset(self, channel: int, now_s: float) -> str:
        self._reset_s[channel] = now_s
        return RESET

    def _reset_combined(self, number: int, now_s: float) -> str:
        return self._reset(self._blocks.input_of(f"TSCO{number}"), now_s)

    def _combined(self, number: int, now_s: float) -> int:
        """Counts of what a combiner forwards, over its own time."""
        return self._counted(self._blocks.input_of(f"TSCO{number}"), "TSCOmbiner#12", number, now_s)

    def _lose_reference(self, now_s: float, value: bool) -> None:
        """It matters to who asked for the external clock."""
        self._reference_lost = value
        self._follow()

    def _follow(self) -> None:
        lost = self._reference_lost and self._grammar.value("DEVIce:SYNC") == "EXT"
        self._unlocked = self._unlocked or lost
        self._recorder.timebase.follow(not lost)

    def _clear_resolution(self, number: int, now_s: float) -> str:
        self._unlocked = False
        self._follow()
        return CALIBRATED

    def _overflow(self, now_s: float, share: float) -> None:
        self._recorder.lost_share = share

    def _set_old(self, now_s: float, value: bool) -> None:
        self._old_firmware = value

    def _stall(self, now_s: float, value: bool) -> None:
        self._recorder.stalled = value

    def _bin_width(self) -> str:
        return "1" if self._grammar.value("DEVIce:RESolution") == "HIRES" else "100"

    def _counts(self, channel: int, now_s: float) -> int:
        return self._counted(channel, "INPUt#4", channel, now_s)

    def _counted(self, channel: int, counter: str, number: int, now_s: float) -> int:
        """Counts of the integration time that is just over, or of all the time since the reset."""
        if not channel or not self._sees(channel):
            return 0
        if self._grammar.value(f"{counter}:COUNter:MODE", number) == "ACCUM":
            begin_s = self._reset_s.get(channel, 0.0)
            return self._cables.pulses(begin_s, now_s)[channel - 1] if now_s > begin_s else 0
        length_s = int(self._grammar.value(f"{counter}:COUNter:INTEgrationtime", number)) / 1000
        return self._cables.pulses(max(now_s - length_s, 0.0), max(now_s, length_s))[channel - 1]

    def _sees(self, channel: int) -> bool:
        return self._grammar.value("INPUt#4:ENABle", channel) == "ON" and self._level_v(channel) > 0

    def _level_v(self, channel: int) -> float:
        return float(self._grammar.value("INPUt#4:THREshold", channel).removesuffix("V"))

    def _state(self, prefix: str, number: int) -> str:
        shown = (
            f"{name[:4].upper()} {self._grammar.value(f'{prefix}:{name}', number)}" for name in STATES[prefix]
        )
        return ";".join(shown)

    def _clear_errors(self, channel: int, now_s: float) -> str:
        self._recorder.streams[channel].lost = 0
        return "Cleared errors"

    def _play(self, number: int, now_s: float) -> str:
        if self._grammar.value("RECord:ENABle") != "ON":
            return "RECord is not enabled"
        width, period = (
            int(self._grammar.value(f"RECord:{name}").removesuffix("TB")) for name in ("PWIDth", "PPERiod")
        )
        count = self._grammar.value("RECord:NUMber")
        self._recorder.play(now_s, width, max(period, width), None if count in ("INF", "0") else int(count))
        return "Playing"

    def _stop(self, number: int, now_s: float) -> str:
        self._recorder.stop(now_s)
        return "Stopped"


class MessageLine(QuietLine):
    """A line on which every message is answered by one."""

    def __init__(self, model: Id900Model) -> None:
        self._model = model

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        answer = self._model.run(data.decode("utf-8", "replace"), now_s)
        return [(now_s + LATENCY_S, answer.encode("utf-8"))]
