"""PicoQuant's C libraries MHLib (MultiHarp) and HHLib (HydraHarp 400), reached through cffi.

Only what a T2 measurement needs is declared. The two differ in names, in how an input's threshold is set and in
``ReadFiFo``, which takes the buffer's size in HHLib only. Every function gives 0, or a negative number that
``GetErrorString`` puts into words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cffi
import numpy as np
from numpy.typing import NDArray

from drivers.errors import BadAnswer, ConnectionFailed, InstrumentError, UnknownName

_SHARED = """
int XX_GetLibraryVersion(char* vers);
int XX_GetErrorString(char* errstring, int errcode);
int XX_OpenDevice(int devidx, char* serial);
int XX_CloseDevice(int devidx);
int XX_Initialize(int devidx, int mode, int refsource);
int XX_GetHardwareInfo(int devidx, char* model, char* partno, char* version);
int XX_GetSerialNumber(int devidx, char* serial);
int XX_GetBaseResolution(int devidx, double* resolution, int* binsteps);
int XX_GetNumOfInputChannels(int devidx, int* nchannels);
int XX_SetSyncDiv(int devidx, int div);
int XX_SetInputChannelOffset(int devidx, int channel, int value);
int XX_SetInputChannelEnable(int devidx, int channel, int enable);
int XX_StartMeas(int devidx, int tacq);
int XX_StopMeas(int devidx);
int XX_GetCountRate(int devidx, int channel, int* cntrate);
int XX_GetFlags(int devidx, int* flags);
int XX_GetWarnings(int devidx, int* warnings);
int XX_GetWarningsText(int devidx, char* text, int warnings);
"""
_MULTIHARP = """
int MH_SetInputEdgeTrg(int devidx, int channel, int level, int edge);
int MH_ReadFiFo(int devidx, unsigned int* buffer, int* nactual);
"""
_HYDRAHARP = """
int HH_Calibrate(int devidx);
int HH_SetInputCFD(int devidx, int channel, int level, int zc);
int HH_ReadFiFo(int devidx, unsigned int* buffer, int count, int* nactual);
"""

#: The longest text that the libraries give, the warnings' text.
LONGEST = 16384
DEVICES = 8
Records = NDArray[np.uint32]


@dataclass(frozen=True)
class Kind:
    """One of the two libraries.

    Attributes
    ----------
    prefix : str
        What its functions' names begin with.
    file : str
        The library, where nobody names another one.
    declarations : str
    least_version : int
        With older ones the records or functions are others.
    most_records : int
        That are read at a time; the buffer has to have room for so many.
    """

    prefix: str
    file: str
    declarations: str
    least_version: int
    most_records: int


MULTIHARP = Kind("MH", "libmh150.so", _SHARED.replace("XX", "MH") + _MULTIHARP, 3, 1_048_576)
HYDRAHARP = Kind("HH", "libhh400.so", _SHARED.replace("XX", "HH") + _HYDRAHARP, 2, 131_072)


class Harp:
    """A device behind one of the libraries.

    Parameters
    ----------
    name : str
        How people call the instrument.
    kind : Kind
    serial : str
        Its serial number; empty for the first there is.
    file : str
        The library's file; empty for where the system finds it.

    Raises
    ------
    UnknownName
        If there is no library.
    ConnectionFailed
        If it does not reach the device.
    """

    def __init__(self, name: str, kind: Kind, serial: str, file: str = "") -> None:
        self._name, self._kind = name, kind
        self._ffi = cffi.FFI()
        self._ffi.cdef(kind.declarations)
        self._functions = self._load(file or kind.file)
        self._check_version()
        self._buffer = self._ffi.new("unsigned int[]", kind.most_records)
        self._device = self._open(serial)

    def call(self, function: str, *arguments: Any) -> None:
        """Call a function on the device.

        Raises
        ------
        InstrumentError
            In the library's words.
        """
        if code := self._function(function)(self._device, *arguments):
            raise InstrumentError(f"{self._name}: {function} fails: {self._words(int(code))}")

    def number(self, function: str, *arguments: Any, kind: str = "int*") -> Any:
        """Call a function that gives a number last."""
        place = self._ffi.new(kind)
        self.call(function, *arguments, place)
        return place[0]

    def text(self, function: str, count: int = 1, *arguments: Any) -> tuple[str, ...]:
        """Call a function that gives so many texts, and then takes arguments."""
        places = [self._ffi.new("char[]", LONGEST) for _ in range(count)]
        self.call(function, *places, *arguments)
        return tuple(self._read(place) for place in places)

    def base_resolution_ps(self) -> float:
        """Tell the length of a tick."""
        resolution, steps = self._ffi.new("double*"), self._ffi.new("int*")
        self.call("GetBaseResolution", resolution, steps)
        return float(resolution[0])

    def records(self) -> Records:
        """Give the records that have come since the last look."""
        size = () if self._kind is MULTIHARP else (self._kind.most_records,)
        count = int(self.number("ReadFiFo", self._buffer, *size))
        if not 0 <= count <= self._kind.most_records:
            raise BadAnswer(f"{self._name}: its library says that it gave {count} records at once")
        return np.frombuffer(bytes(self._ffi.buffer(self._buffer, 4 * count)), np.uint32)

    def close(self) -> None:
        """Give the device back; doing it twice does no harm."""
        if self._device >= 0:
            self._function("CloseDevice")(self._device)
        self._device = -1

    def _load(self, file: str) -> Any:
        try:
            return self._ffi.dlopen(file)
        except OSError as error:
            raise UnknownName(
                f"{self._name}: the vendor's library cannot be loaded ({error}); install it, or name its file: "
                "sdk:SERIAL@FILE"
            ) from None

    def _function(self, function: str) -> Callable[..., int]:
        found: Callable[..., int] = getattr(self._functions, f"{self._kind.prefix}_{function}")
        return found

    def _check_version(self) -> None:
        place = self._ffi.new("char[]", LONGEST)
        self._function("GetLibraryVersion")(place)
        version = self._read(place)
        major = version.partition(".")[0]
        if not major.isdigit() or int(major) < self._kind.least_version:
            raise UnknownName(
                f"{self._name}: the vendor's library {self._kind.file} is of version {version or '?'}, and "
                f"{self._kind.least_version}.0 is the least that will do; install a newer one"
            )

    def _open(self, serial: str) -> int:
        """Look through the devices there may be; some of them are not there, or somebody else's."""
        found: list[str] = []
        for device in range(DEVICES):
            place = self._ffi.new("char[]", LONGEST)
            if self._function("OpenDevice")(device, place) != 0:
                continue
            found.append(self._read(place))
            if serial in ("", found[-1]):
                return device
            self._function("CloseDevice")(device)
        there = ", ".join(found) or "none"
        raise ConnectionFailed(
            f"{self._name}: the vendor's library reaches no device {serial or 'at all'}; there are: {there}. Check its "
            "cable and power, and that no other program has it"
        )

    def _words(self, code: int) -> str:
        place = self._ffi.new("char[]", LONGEST)
        self._function("GetErrorString")(place, code)
        return f"{self._read(place) or 'unknown error'} ({code})"

    def _read(self, place: Any) -> str:
        return bytes(self._ffi.buffer(place)).partition(b"\0")[0].decode("ascii", "replace").strip()
