"""An OZ Optics EPC polarisation controller.

Source: QMI's driver and its tests (answers word for word). Invented: the answer to what it does not know; what its
squeezers do to the light: plates at 0, 45, 0 and 45 degrees whose retardance follows the voltage.
"""

from __future__ import annotations

import re

from drivers.codecs.lines import LineSplitter
from drivers.emulation.models.base import Model, OwnPort, QuietLine
from drivers.emulation.seams import Plate, PolarisationSeam
from drivers.transport.memory import Replies

MOST_MV, MOST_HZ = 5000, 100
LATENCY_S = 0.005
AXES_DEG = (0.0, 45.0, 0.0, 45.0)
#: 2 V for half a wave.
DEG_PER_MV = 180 / 2000


class OzEpcModel(Model):
    """The controller."""

    def __init__(self, light: PolarisationSeam, serial: str) -> None:
        self._light = light
        self._voltages_mv, self._frequencies_hz = [0] * 4, [7, 17, 37, 71]
        self._mode, self._waveform = "DC", "Sine"
        self._held, self._hold = [True] * 4, False
        self.ports = {"main": OwnPort(lambda _: OzEpcLine(self))}

    def run(self, command: str, now_s: float) -> str:
        """Execute a command and give the line that it is answered by."""
        asked = {
            "V?": "Voltage(mV): " + " ".join(f"CH{n} {v:+05d}" for n, v in enumerate(self._voltages_mv, 1)),
            "F?": "Frequency(Hz): "
            + "  ".join(f"CH{n} {f:03d}" for n, f in enumerate(self._frequencies_hz, 1)),
            "M?": f"Work Mode: {self._mode}",
            "WF?": f"Wave Form: {self._waveform}",
            "VF?": f"DC in AC mode {'enabled' if self._hold else 'disabled'}: "
            + " ".join(f"CH{n}-{'V' if held else 'F'}" for n, held in enumerate(self._held, 1)),
        }
        return asked.get(command.upper()) or self._act(command.upper(), now_s)

    def _act(self, command: str, now_s: float) -> str:
        answer = self._obey(command)
        plates = zip(AXES_DEG, self._voltages_mv, strict=True)
        self._light.retard(now_s, [Plate(axis, voltage * DEG_PER_MV) for axis, voltage in plates])
        return answer

    def _obey(self, command: str) -> str:
        if found := re.fullmatch(r"V([1-4]),([+-]?\d+)", command):
            return self._set_voltage(int(found[1]), int(found[2]))
        if found := re.fullmatch(r"V([HLZ])([1-4])", command):
            return self._set_voltage(int(found[2]), {"H": MOST_MV, "L": -MOST_MV, "Z": 0}[found[1]])
        if found := re.fullmatch(r"F([1-4]),(\d+)", command):
            self._frequencies_hz[int(found[1]) - 1] = min(int(found[2]), MOST_HZ)
            return f"Set CH{found[1]} Frequency at: {found[2]}Hz"
        if found := re.fullmatch(r"VF([1-4])", command):
            self._held[int(found[1]) - 1] ^= True
            return f"Toggle CH{found[1]}"
        return self._obey_word(command)

    def _obey_word(self, command: str) -> str:
        match command:
            case "MAC" | "MDC":
                self._mode = command[1:]
                return f"Work Mode: {self._mode}"
            case "ENVF0" | "ENVF1":
                self._hold = command == "ENVF1"
                return f"DC in AC mode {'enabled' if self._hold else 'disabled'}"
            case "WF1" | "WF2":
                self._waveform = "Sine" if command == "WF1" else "Triangle"
                return f"Wave Form: {self._waveform}"
            case "SAVE":
                return "Saved"
        return "Unknown command"

    def _set_voltage(self, channel: int, value_mv: int) -> str:
        if abs(value_mv) > MOST_MV:
            return "Out of range"
        self._voltages_mv[channel - 1] = value_mv
        return f"Set CH{channel} DC Voltage at: {value_mv}mV"


class OzEpcLine(QuietLine):
    """A line to it."""

    def __init__(self, model: OzEpcModel) -> None:
        self._model = model
        self._splitter = LineSplitter(b"\r\n", b"\n")

    def feed(self, data: bytes, now_s: float) -> Replies:
        """See :class:`~drivers.transport.memory.Line`."""
        lines = [line.decode("ascii", "replace").strip() for line in self._splitter.feed(data)]
        return [
            (now_s + LATENCY_S, f"{self._model.run(line, now_s)}\r\nDone\r\n".encode("ascii"))
            for line in lines
            if line
        ]
