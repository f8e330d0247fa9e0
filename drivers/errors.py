"""What can go wrong between a program and an instrument.

::

    DriverError
    ├── AddressError        the address makes no sense, or nothing can speak it here
    ├── UnknownName         there is no such driver, or the driver has no such setting
    ├── ConnectionFailed    nothing answers at the address, or the line went dead
    ├── NoAnswer            the instrument said nothing in time
    ├── BadAnswer           what it said is not what its manual says
    ├── InstrumentError     it reports an error of its own
    ├── LimitError          a value outside the declared range; nothing was sent
    ├── NotTaken            it answers, and did not take the value
    ├── DataLost            it skipped data that cannot be had again
    └── RandomnessFailed    a random source no longer passes its health tests

What a person sees names the instrument, what was expected, what came, and what to do.
"""

from __future__ import annotations


class DriverError(Exception):
    """Base of everything that a driver raises on purpose."""


class AddressError(DriverError):
    """The address makes no sense, or nothing can speak it here."""


class UnknownName(DriverError):
    """There is no such driver, or the driver has no such setting."""


class ConnectionFailed(DriverError):
    """Nothing answers at the address, or the line went dead."""


class NoAnswer(DriverError):
    """The instrument said nothing in time."""


class BadAnswer(DriverError):
    """What it said is not what its manual says."""


class InstrumentError(DriverError):
    """The instrument reports an error of its own."""


class LimitError(DriverError):
    """A value outside the declared range; nothing was sent."""


class NotTaken(DriverError):
    """The instrument answers, and did not take the value."""


class DataLost(DriverError):
    """It skipped data that cannot be had again."""


class RandomnessFailed(DriverError):
    """A random source no longer passes its health tests."""
