"""What a node knows of all links of its domain: each node tells its own, and neighbours pass the newest on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from time import monotonic

import msgspec

STALE_S = 30.0
STALE_ROUNDS = 3
"""A node of which nothing new was heard for so long, and for so many rounds of gossip, counts as gone."""

ASIDE_S = 3.0
"""How long a link is passed over after it failed somebody."""

MOST_REPORTS = 4096
MOST_NUMBER = 2**63 - 1


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
        When the node started (ns since 1970), and how many it has sent since: later ones replace earlier ones. If
        somebody has a later one than the node itself, the node counts on from there.
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
    here : str, optional
        The node that knows this: what it says of itself it has from nobody else.
    began : int, optional
        When it started, ns since 1970.
    gossip_s : float, optional
        How often neighbours tell each other.
    turned : callable, optional
        Called when a link is no longer, or is again, one that keys can come over: others should hear of it soon.
    now : callable, optional
        The clock, in seconds.
    """

    def __init__(
        self,
        ends: dict[str, tuple[str, str]],
        here: str = "",
        began: int = 0,
        gossip_s: float = 0.0,
        turned: Callable[[], object] = lambda: None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._ends = ends
        self._here = here
        self._number = (began, 0)
        self._gossip_s = gossip_s
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

    def tell(self, reports: tuple[Report, ...], card: bytes) -> None:
        """Put what this node says of itself beside what it knows of the others."""
        began, sent = self._number
        self._number = (began, sent + 1)
        self._put(Advert(self._here, self._number, reports, card))

    def take(self, adverts: Iterable[Advert]) -> list[Advert]:
        """Take adverts of other nodes that are news; give those."""
        news = []
        for advert in adverts:
            if self._is_news(advert):
                self._put(advert)
                news.append(advert)
        return news

    def _is_news(self, advert: Advert) -> bool:
        if advert.node not in self._nodes or not _sound(advert):
            return False
        known = self._adverts.get(advert.node)
        if advert.node != self._here:
            return known is None or advert.number > known[0].number
        if advert.number > self._number:
            # From before the clock was set back, or somebody else's: the next of its own replaces it everywhere.
            self._number = advert.number
            self._turned()
        return False

    def _put(self, advert: Advert) -> None:
        known, _ = self._adverts.get(advert.node, (None, 0.0))
        self._adverts[advert.node] = (advert, self._now())
        if known is None or usable(known.reports) != usable(advert.reports):
            self._turned()

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
        if advert is None or self._now() - heard > max(STALE_S, STALE_ROUNDS * self._gossip_s):
            return None
        return next((report for report in advert.reports if report.link == link), None)


def usable(reports: Iterable[Report]) -> set[str]:
    """The links that a node calls up and that have key."""
    return {report.link for report in reports if report.up and report.free_bytes}


def _sound(advert: Advert) -> bool:
    return (
        len(advert.reports) <= MOST_REPORTS
        and all(0 <= number <= MOST_NUMBER for number in advert.number)
        and all(_is_time(report.newest) for report in advert.reports if report.newest)
    )


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
