"""Telling whether an instrument can play a role, without a word to the instrument."""

from __future__ import annotations

from inspect import getattr_static
from typing import TypeGuard, TypeVar

R = TypeVar("R")


def plays(instrument: object, role: type[R]) -> TypeGuard[R]:
    """Tell whether an instrument has all that a role asks for.

    Python 3.11's ``isinstance`` reads every member of a protocol to tell, and a parameter that is read asks the
    instrument: one that is mute would keep its role to itself.

    Parameters
    ----------
    instrument : object
    role : type
        One of :mod:`drivers.roles`; anything plays ``object``.
    """
    return all(_has(instrument, name) for name in dir(role) if not name.startswith("_"))


def _has(instrument: object, name: str) -> bool:
    try:
        getattr_static(instrument, name)
    except AttributeError:
        return False
    return True
