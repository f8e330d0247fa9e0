"""What a relay needs around it: hops to its neighbours, and somebody who gets what arrives."""

from __future__ import annotations

from typing import Protocol

from qkdctl.keystore.secret import Secret
from qkdctl.kme.refusal import Refusal
from qkdctl.network.envelope import HopKey
from qkdctl.network.promises import Promises
from qkdctl.network.words import Answer, Letter, Word


class LinkRefused(Refusal):
    """A relay that came to nothing, and the link at fault.

    Attributes
    ----------
    link : str
        Empty if it is no link's fault.
    """

    def __init__(self, message: str, link: str = "") -> None:
        super().__init__(503, message)
        self.link = link


class KeysLost(LinkRefused):
    """A relay that came to nothing after its first envelope had been sent: its keys' names are spent."""


class Hop(Protocol):
    """The end of a link at this node.

    Attributes
    ----------
    name : str
        The link's.
    neighbour : str
        The node at its other end.
    promises : Promises
    """

    name: str
    neighbour: str
    promises: Promises

    async def free_bytes(self) -> int:
        """How much key is free."""
        ...

    async def draw(self, length: int, oldest: str) -> HopKey:
        """Cut a key, durably at both ends.

        Raises
        ------
        Refusal
            If there is too little, or the other end does not agree.
        """
        ...

    async def collect(self, key_id: str) -> HopKey:
        """Take the key that the other end has drawn, once.

        Raises
        ------
        Refusal
            If there is none of that name.
        """
        ...

    async def ask(self, word: Word, hops_left: int) -> Answer:
        """Say something to the node at the other end, behind which so many hops follow.

        Raises
        ------
        Refusal
            If it does not answer.
        """
        ...


class Recipient(Protocol):
    """Who gets shares at the end of their route."""

    def expect(self, letter: Letter) -> None:
        """Raise the refusal if these keys are not for this node."""
        ...

    async def take(self, packed: bytes, letter: Letter, share: int, value: Secret, label: str) -> bool:
        """Take a share; tell whether it was the last one that was missing, and the keys are durably kept.

        Raises
        ------
        Refusal
            If it cannot.
        """
        ...

    async def drop(self, letter: Letter, key_ids: tuple[str, ...]) -> None:
        """Forget keys of a relay that came to nothing, now and should they arrive later."""
        ...
