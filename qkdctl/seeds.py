"""Seeded randomness of a session, for replays: the same in every process that makes its keys."""

from __future__ import annotations

from postproc.entropy import Entropy, SeededEntropy
from postproc.types import Role


def seeded(role: Role, seed: int, recording: str = "") -> Entropy:
    """Give a party's randomness.

    Parameters
    ----------
    role : {"alice", "bob"}
    seed : int
    recording : str, optional
        Which of many that are processed under one seed.
    """
    return SeededEntropy(" ".join([role, str(seed), *([recording] if recording else [])]).encode())


def both_seeded(seed: int | None, recording: str = "") -> dict[Role, Entropy] | None:
    """Give both parties' randomness where they are on one machine; None without a seed."""
    if seed is None:
        return None
    return {"alice": seeded("alice", seed, recording), "bob": seeded("bob", seed, recording)}
