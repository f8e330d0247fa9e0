"""A step that fails on its way leaves everything as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from drivers.errors import DriverError


@contextmanager
def putting_back(put_back: Callable[[], None]) -> Iterator[None]:
    """Put an instrument back if what is done with it fails, or is broken off.

    Parameters
    ----------
    put_back : callable
        Sets it as it was.

    Raises
    ------
    DriverError
        If it cannot be put back either; what failed first is told first.
    """
    try:
        yield
    except Exception as failed:
        try:
            put_back()
        except DriverError as also:
            raise type(also)(f"{failed}; and it could not be put back as it was: {also}") from failed
        raise
    except BaseException:  # Ctrl-C stays Ctrl-C, whatever an instrument says to being put back
        with suppress(DriverError):
            put_back()
        raise
