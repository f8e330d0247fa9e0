"""What a node knows of all links of its domain: each node tells its own, and neighbours pass the newest on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from time import monotonic

import msgspec

STALE_S = 30.0
"""A node of which nothing new was heard for so long counts as gone."""

ASIDE_S = 3.0
"""How long a link is passed over after it failed somebody."""

MOST_REPORTS = 4096


class Report(msgspec.Struct, frozen=True):
    """What a node says of its end of a link.

    Attributes
    ----------
    link : str
    up : bool
    free_bytes : int
        Less what is promised.
    newest : str
        When the newest of it was made, ISO 8601; empty where there is none.
    """

    link: str
    up: bool
    free_bytes: int
    newest: str = ""


class Advert(msgspec.Struct, frozen=True):
    """What a node says of itself.

    Attributes
    ----------
    node : str
    number : tuple of int
        When the node started (ns since 1970), and how many it has sent since: later ones replace earlier ones.
    reports : tuple of Report
    card : bytes
        A packed :class:`~qkdctl.network.cards.Card`: its public key for hybrid keys, signed.
    """

    node: str
    number: tuple[int, int]
    reports: tuple[Report, ...]
    card: bytes = b""


class LinkStates:
    """The newest advert of each node.

    Parameters
    ----------
    ends : mapping of str to tuple
        Which two nodes each link joins: what others than these say of it is not looked at.
    turned : callable, optional
        Called when a link is no longer, or is again, one that keys can come over: others should hear of it soon.
    now : callable, optional
        The clock, in seconds.
    """

    def __init__(
        self,
        ends: dict[str, tuple[str, str]],
        turned: Callable[[], object] = lambda: None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._ends = ends
        self._turned = turned
        self._nodes = {node for both in ends.values() for node in both}
        self._now = now
        self._adverts: dict[str, tuple[Advert, float]] = {}
        self._aside: dict[str, float] = {}

    def numbers(self) -> dict[str, tuple[int, int]]:
        """The newest number of each node."""
        return {node: advert.number for node, (advert, _) in self._adverts.items()}

    def newer_than(self, numbers: dict[str, tuple[int, int]]) -> list[Advert]:
        """Adverts that somebody who knows these numbers lacks."""
        return [
            advert
            for node, (advert, _) in self._adverts.items()
            if advert.number > tuple(numbers.get(node, (-1, -1)))
        ]

    def take(self, adverts: Iterable[Advert]) -> list[Advert]:
        """Take adverts that are news; give those."""
        news = []
        for advert in adverts:
            known = self._adverts.get(advert.node)
            if advert.node not in self._nodes or len(advert.reports) > MOST_REPORTS:
                continue
            if known is None or advert.number > known[0].number:
                self._adverts[advert.node] = (advert, self._now())
                news.append(advert)
                if known is None or usable(known[0].reports) != usable(advert.reports):
                    self._turned()
        return news

    def set_aside(self, link: str) -> None:
        """Pass a link over for a while: it has just failed."""
        self._aside[link] = self._now() + ASIDE_S

    def card(self, node: str) -> bytes:
        """The newest card of a node; empty if there is none."""
        known = self._adverts.get(node)
        return known[0].card if known else b""

    def view(self, link: str, without: Collection[str] = ()) -> Report | None:
        """What both ends of a link say together; None unless both call it up."""
        if link in without or self._aside.get(link, 0.0) > self._now():
            return None
        reports = [self._report(node, link) for node in self._ends[link]]
        if any(report is None or not report.up for report in reports):
            return None
        ends = [report for report in reports if report is not None]
        return Report(
            link, True, min(end.free_bytes for end in ends), min((end.newest for end in ends), default="")
        )

    def _report(self, node: str, link: str) -> Report | None:
        advert, heard = self._adverts.get(node, (None, 0.0))
        if advert is None or self._now() - heard > STALE_S:
            return None
        return next((report for report in advert.reports if report.link == link), None)


def usable(reports: Iterable[Report]) -> set[str]:
    """The links that a node calls up and that have key."""
    return {report.link for report in reports if report.up and report.free_bytes}
