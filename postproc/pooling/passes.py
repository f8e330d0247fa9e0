"""The first stages of a session, up to sifting: once, or anew for each pass."""

from __future__ import annotations

from collections.abc import Callable

from postproc.parameters.stages import Pooling
from postproc.pooling.each_pass import EachPass
from postproc.stage import Stage

Make = Callable[[], Stage]


def passes(
    pooling: Pooling,
    *,
    inspect: Make | None,
    agree: Stage,
    synchronise: Make,
    cut: Callable[[int, int | None], Stage],
    sift: Make,
) -> list[Stage]:
    """Give the stages up to sifting.

    Parameters
    ----------
    pooling : Pooling
        With several passes each but `agree` begins anew with every pass.
    inspect, synchronise, sift : callable
        Make the stage; `inspect` is None for a party without detectors.
    agree : Stage
    cut : callable (before, most) -> Stage
        Makes the stage that numbers its blocks behind so many, and makes so many at most.
    """
    if pooling.passes == 1:
        looked = [] if inspect is None else [inspect()]
        return [*looked, agree, synchronise(), cut(0, None), sift()]
    each = pooling.blocks_per_pass
    return [
        *([] if inspect is None else [EachPass(lambda _: inspect())]),
        agree,
        EachPass(lambda _: synchronise(), first_block=lambda number: number * each + 1),
        EachPass(lambda number: cut(number * each, each)),
        EachPass(lambda _: sift(), pass_of=lambda block: (block - 1) // each),
    ]
