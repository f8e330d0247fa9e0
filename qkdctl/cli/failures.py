"""What a failure says on the screen, and the exit code that it ends with."""

from __future__ import annotations

import os
import traceback

from drivers.errors import DriverError
from postproc.errors import InputError, PoolExhausted, PostprocError, SynchronisationFailed
from postproc.link import LinkFailed
from qkdctl.cli.plain import plain
from qkdctl.errors import (
    ConfigurationError,
    InstrumentsError,
    NoLockError,
    PeerLostError,
    QkdctlError,
    RecordingError,
)


def exit_code(error: Exception) -> int:
    """Give the exit code of a failure; see ``docs/exit-codes.md``."""
    match error:
        case QkdctlError():
            return error.exit_code
        case InputError() | PoolExhausted():
            return RecordingError.exit_code
        case SynchronisationFailed():
            return NoLockError.exit_code
        case LinkFailed():
            return PeerLostError.exit_code
        case PostprocError():
            return ConfigurationError.exit_code
        case DriverError():
            return InstrumentsError.exit_code
    return QkdctlError.exit_code


def sentences(error: Exception) -> list[str]:
    """Say what happened: a sentence for each mistake, and one for what was done before."""
    if isinstance(error, QkdctlError | PostprocError | DriverError):
        return [plain(line) for line in (*str(error).splitlines(), *getattr(error, "__notes__", ()))]
    if os.environ.get("QKDCTL_DEBUG"):
        traceback.print_exception(error)
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return [plain(f"{place}{error.strerror}")]
    if isinstance(error, MemoryError):
        return ["there is not enough memory for this; close other programs, or process shorter blocks"]
    return [
        plain(
            f"internal error: {type(error).__name__}: {error}. This is a mistake in qkdctl: please report it,"
        )
        + " with the output of the same command under QKDCTL_DEBUG=1."
    ]
