"""Device control and post-processing for quantum key distribution: people and processes."""

from __future__ import annotations


def __getattr__(name: str) -> str:
    """Give ``__version__``; looking it up takes longer than all of ``qkdctl --help``."""
    if name == "__version__":
        from importlib.metadata import version

        return version("qkdctl")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
