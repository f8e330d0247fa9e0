"""Where a KME's keys come from: one link, or a network of them."""

from __future__ import annotations

from typing import Protocol

from qkdctl.kme.allotment import Drawn, Local
from qkdctl.kme.extensions import Options
from qkdctl.kme.words import Terms


class KeySource(Protocol):
    """What the calls of applications need.

    Attributes
    ----------
    here : Local
        What concerns the KME's own applications.
    relays : bool
        Whether keys may come over other nodes, so that applications can choose their way.
    """

    here: Local
    relays: bool

    async def draw(self, terms: Terms, options: Options) -> Drawn:
        """Make the keys of a request, durably wherever somebody gets them.

        Raises
        ------
        Refusal
            If there is too little, no way as asked for, or the others do not agree.
        """
        ...

    def kme_of(self, sae: str) -> str | None:
        """Name the KME that serves an application; None for a stranger."""
        ...

    async def free_bytes(self, sae: str) -> int:
        """How much key there is to share with an application just now."""
        ...
