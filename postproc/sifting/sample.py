"""Which bits stay where the proof fixes how many: a random choice of Alice's, told to Bob."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from postproc.entropy import Stream
from postproc.errors import BlockRefused


def draw(
    groups: Sequence[NDArray[np.int64]], sizes: tuple[int, int] | None, entropy: Stream
) -> list[NDArray[np.int64]]:
    """Choose of the bits of the key basis and of the test basis as many as were agreed, every choice equally likely.

    Parameters
    ----------
    groups : sequence of array of int64
        Places of the key basis, and of the test basis.
    sizes : tuple of int or None
        How many of each; all without it.
    entropy : Stream

    Raises
    ------
    BlockRefused
        If there are fewer.
    """
    if sizes is None:
        return list(groups)
    for name, group, size in zip(("key", "test"), groups, sizes, strict=True):
        if len(group) < size:
            raise BlockRefused(
                f"sifting left {len(group)} bits of the {name} basis, and {size} were agreed; "
                "agree on fewer, or on longer blocks, before the next run"
            )
    return [group[entropy.sample(len(group), size)] for group, size in zip(groups, sizes, strict=True)]
