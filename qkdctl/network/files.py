"""Secrets that are made once, each in a file for its owner only."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

from postproc.files import write_new
from qkdctl.network.emulated import SEED_BYTES


def ensure_copy(source: Path, target: Path) -> None:
    """Copy a file, unless it is there."""
    if not target.exists():
        write_new(target, source.read_bytes())


def ensure_identity(path: Path) -> bytes:
    """Make a signing key, unless there is one; give the public one."""
    if not path.exists():
        write_new(path, secrets.token_bytes(SEED_BYTES))
    return MLDSA65PrivateKey.from_seed_bytes(path.read_bytes()).public_key().public_bytes_raw()


def ensure_common_secret(paths: Iterable[Path]) -> None:
    """Make a secret that several hold, unless all of them do."""
    paths = list(paths)
    if all(path.exists() for path in paths):
        return
    secret = secrets.token_bytes(SEED_BYTES)
    for path in paths:
        path.unlink(missing_ok=True)
        write_new(path, secret)
