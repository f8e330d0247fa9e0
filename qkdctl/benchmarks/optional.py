"""Peers that need a package which may not be there."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any


def compiled(function: Callable[..., Any]) -> Callable[..., Any] | None:
    """Compile a function with numba; None where that is not installed."""
    if find_spec("numba") is None:
        return None
    return import_module("numba").njit(nogil=True)(function)  # type: ignore[no-any-return]


def package(name: str) -> Any:
    """Import a package; None where it is not installed."""
    return import_module(name) if find_spec(name) else None
