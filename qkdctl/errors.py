"""What can go wrong above post-processing, and the exit code of each.

::

    QkdctlError (1)
    ├── UsageError (2)            the command line makes no sense
    ├── ConfigurationError (3)    a scenario file is not valid
    │   └── OriginUnknown         an instrument cannot say whether it is real or emulated
    ├── RecordingError (4)        a recording, key file or key store cannot be used
    │   ├── DiskFullError         there is no room to write
    │   ├── NotEnoughKey          less key is there than was asked for
    │   ├── UnknownKey            a key is not there for whoever asks
    │   ├── NotAReceiver          a key is for somebody else
    │   └── KeyExists             there was a key of that name before
    ├── NoKeyError (5)            everything ran, and no block ended in key
    ├── DisagreementError (6)     the two parties' configurations differ
    ├── NoLockError (7)           the clocks could not be locked
    ├── InstrumentsError (8)      an instrument cannot be reached, refuses, or failed
    ├── PeerLostError (9)         the other node cannot be reached, or is gone
    └── KmeError (10)             a key server cannot be reached, or refuses

Where only one module raises and catches a kind, it is declared there, under one of these.
``qkdctl --help`` and ``docs/exit-codes.md`` list the same codes. 130 is Ctrl-C.
"""

from __future__ import annotations

from typing import ClassVar


class QkdctlError(Exception):
    """Base of everything that ends a command with one sentence instead of a traceback."""

    exit_code: ClassVar[int] = 1


class UsageError(QkdctlError):
    """The command line makes no sense."""

    exit_code: ClassVar[int] = 2


class ConfigurationError(QkdctlError):
    """A scenario file is not valid: names the file, the key, the value and what is allowed."""

    exit_code: ClassVar[int] = 3


class OriginUnknown(ConfigurationError):
    """Instruments cannot say whether they are real or emulated, and keys would depend on it.

    Parameters
    ----------
    sentence : str
    instruments : tuple of str
        Their full names, such as ``bob.switch``.
    """

    def __init__(self, sentence: str, instruments: tuple[str, ...]) -> None:
        super().__init__(sentence)
        self.instruments = instruments


class RecordingError(QkdctlError):
    """A recording, a key file or a key store cannot be used."""

    exit_code: ClassVar[int] = 4


class DiskFullError(RecordingError):
    """There is no room to write; what was written before is whole."""


class NotEnoughKey(RecordingError):
    """Less key is in the store than was asked for."""


class UnknownKey(RecordingError):
    """A key is not in the store for whoever asks: it never was, was collected, or has expired."""


class NotAReceiver(RecordingError):
    """A key is in the store, for somebody else."""


class KeyExists(RecordingError):
    """There is a key of that name in the store already, or was; names are given once."""


class NoKeyError(QkdctlError):
    """Everything ran to its end, and no block ended in key."""

    exit_code: ClassVar[int] = 5


class DisagreementError(QkdctlError):
    """The two parties' configurations differ."""

    exit_code: ClassVar[int] = 6


class NoLockError(QkdctlError):
    """The clocks could not be locked."""

    exit_code: ClassVar[int] = 7


class InstrumentsError(QkdctlError):
    """An instrument cannot be reached, refuses a setting, or failed."""

    exit_code: ClassVar[int] = 8


class PeerLostError(QkdctlError):
    """The other node cannot be reached, or is gone."""

    exit_code: ClassVar[int] = 9


class KmeError(QkdctlError):
    """A key server cannot be reached, or refuses."""

    exit_code: ClassVar[int] = 10
