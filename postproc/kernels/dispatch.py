"""Which variants are in use. Nothing else imports the extension module."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from postproc.errors import KernelError

try:
    from postproc._kernels import ffi, lib
except ImportError as error:
    raise KernelError(
        f"the C kernels cannot be loaded ({error}): install qkdctl with pip, which builds them"
    ) from error

if TYPE_CHECKING:
    from postproc._kernels import KernelTable

__all__ = ["LEVELS", "ffi", "forced", "implementations", "levels", "lib", "table"]

LEVELS = ("scalar", "avx2", "avx2gfni", "avx512")
"""Levels of instruction set, lowest first; ``docs/kernels.md`` says what a CPU must have for each."""


def levels() -> tuple[str, ...]:
    """Give the levels that this CPU has, lowest first."""
    return tuple(name for index, name in enumerate(LEVELS) if lib.qkd_kernels_at(index))


def _table_at(level: str, asked_by: str) -> KernelTable:
    if level not in levels():
        known = "is not a level" if level not in LEVELS else "is beyond this CPU"
        raise KernelError(
            f"{asked_by} asks for '{level}', which {known}: choose one of {', '.join(levels())}"
        )
    return lib.qkd_kernels_at(LEVELS.index(level))


_table = _table_at(
    os.environ.get("QKD_FORCE_IMPL") or levels()[-1], "the environment variable QKD_FORCE_IMPL"
)


def table() -> KernelTable:
    """Give the kernels in use."""
    return _table


@contextmanager
def forced(level: str) -> Iterator[None]:
    """Run the kernels of the whole process at one level; for tests and benchmarks.

    Raises
    ------
    KernelError
        If there is no such level, or this CPU lacks it.
    """
    global _table
    previous, _table = _table, _table_at(level, "forced()")
    try:
        yield
    finally:
        _table = previous


def implementations() -> dict[str, str]:
    """Say which variant of each kernel is in use, by the level it was written for."""
    tables = [(level, _table_at(level, "implementations()")) for level in levels()]
    return {
        kernel: next(level for level, table in tables if getattr(table, kernel) == getattr(_table, kernel))
        for kernel in dir(_table)
    }
