"""A border: keys go on to another domain, or come from one (ETSI GS QKD 020), and each is accounted for.

Going out, keys are handed to the KME over there, which answers at once that it will see to them, and later, by a call
of its own, what became of them. Only when it says ``relayed`` for every application does anybody on this side get
them; when it says something else, or nothing in time, they are voided. Coming in, keys are carried through this domain
as any others. Nothing is passed back to where it came from.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Sequence
from itertools import product
from typing import Any, Protocol

from msgspec.structs import replace

from qkdctl.errors import RecordingError
from qkdctl.keystore.secret import Secret
from qkdctl.kme.refusal import UNSUPPORTED, Refusal, bad
from qkdctl.network.border_words import Ack, AckStatus, ExtKeys, KeyName, VoidKeys, canonical, values_of
from qkdctl.network.ports import LinkRefused
from qkdctl.network.spec import BorderSpec
from qkdctl.network.words import Letter

ACK_S = 8.0
MOST_REMEMBERED = 10_000
KNOWN_EXTENSIONS = ("qkdctl_min_paths", "qkdctl_hybrid")


class Abroad(Protocol):
    """The KME over there."""

    async def hand_over(self, letter: Letter, keys: Secret, made_of: str, targets: Sequence[str]) -> None:
        """Hand keys over.

        Raises
        ------
        Refusal
            If it does not take them.
        """
        ...

    async def void(self, letter: Letter, targets: Sequence[str]) -> None:
        """Say that keys are to reach nobody; raise the refusal if it does not hear."""
        ...

    async def acknowledge(self, acks: Sequence[Ack]) -> None:
        """Say what became of keys; raise the refusal if it does not hear."""
        ...


class Inland(Protocol):
    """The own domain, as keys from abroad find it."""

    def serves(self, sae: str) -> bool:
        """Whether an application is one of this domain."""
        ...

    def by_node(self, saes: Sequence[str]) -> list[tuple[str, ...]]:
        """Tell which applications are together, each named once."""
        ...

    async def deliver(
        self, came_from: str, keys: ExtKeys, values: Sequence[Secret], saes: tuple[str, ...]
    ) -> Letter | None:
        """Carry keys to applications that are together, all at once: a node takes keys of one name once.

        Gives the letter that went with them, None if they stay at this node.

        Raises
        ------
        Refusal, RecordingError
            If they did not arrive.
        """
        ...

    async def withdraw(self, letter: Letter | None, key_ids: Sequence[str]) -> bool:
        """Destroy keys that were delivered, for all who are together; tell whether nobody has collected them.

        Raises
        ------
        RecordingError
            If that cannot be written down.
        """
        ...


class Border:
    """One end of a border.

    Parameters
    ----------
    spec : BorderSpec
    abroad : Abroad
    inland : Inland
    ack_s : float, optional
        How long the other side may take to say what became of keys.
    """

    def __init__(self, spec: BorderSpec, abroad: Abroad, inland: Inland, ack_s: float = ACK_S) -> None:
        self._spec = spec
        self._abroad = abroad
        self._inland = inland
        self._ack_s = ack_s
        self._awaited: dict[tuple[str, str], asyncio.Future[str]] = {}
        self._brought: OrderedDict[tuple[str, str], Letter | None] = OrderedDict()
        self._called_off: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    async def pass_on(self, letter: Letter, keys: Secret, made_of: str) -> None:
        """Hand keys over and wait until the other side says that they have arrived.

        Raises
        ------
        LinkRefused
            If it does not.
        """
        targets = [sae for sae in letter.terms.slaves if sae in self._spec.saes]
        names = [(key_id, sae) for key_id in letter.terms.key_ids for sae in targets]
        loop = asyncio.get_running_loop()
        futures = {name: loop.create_future() for name in names}
        self._awaited |= futures
        try:
            await self._abroad.hand_over(letter, keys, made_of, targets)
            async with asyncio.timeout(self._ack_s):
                answers = await asyncio.gather(*futures.values())
        except Refusal as refused:
            raise LinkRefused(f"domain {self._spec.domain}: {refused.message}") from None
        except TimeoutError:
            self._do(self.void(letter))
            raise LinkRefused(f"domain {self._spec.domain} does not say what became of the keys") from None
        finally:
            for name in names:
                self._awaited.pop(name, None)
        if wrong := [answer for answer in answers if answer != "relayed"]:
            self._do(self.void(letter))
            raise LinkRefused(f"domain {self._spec.domain} answers: {wrong[0]}")

    async def void(self, letter: Letter) -> None:
        """Say that keys that were handed over are to reach nobody; raise the refusal if nobody hears."""
        targets = [sae for sae in letter.terms.slaves if sae in self._spec.saes]
        await self._abroad.void(letter, targets)

    def heard(self, acks: Sequence[Ack]) -> None:
        """Hear what became of keys; raise the refusal if a name is none."""
        for ack, names in [(ack, canonical(ack.key_ids)) for ack in acks]:
            for name in names:
                future = self._awaited.get((name, ack.target_sae_id))
                if future is not None and not future.done():
                    future.set_result(ack.ack_status)

    def receive(self, keys: ExtKeys) -> None:
        """Take keys from the other side; what becomes of them is said later.

        Raises
        ------
        Refusal
            If they cannot be seen to.
        """
        values, told = values_of(keys.keys), [key.key_id for key in keys.keys]
        keys = _renamed(keys, canonical(keys.keys))
        self._check(keys)
        self._do(self._bring(keys, values, told))

    def revoke(self, void: VoidKeys) -> None:
        """See that keys reach nobody, and say later what came of it; raise the refusal if a name is none."""
        self._do(self._take_back(void, canonical(void.key_ids)))

    async def finish(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _check(self, keys: ExtKeys) -> None:
        if unknown := [name for name in keys.extension_mandatory if name not in KNOWN_EXTENSIONS]:
            raise bad(UNSUPPORTED, [{"extension_mandatory_unsupported": name} for name in unknown])
        if keys.initiator_sae_id not in self._spec.saes:
            raise bad(f"{keys.initiator_sae_id[:100]!r} is no SAE of the domain that hands keys over")
        if not keys.target_sae_ids:
            raise bad("target_sae_ids is empty, expected at least one")
        for sae in keys.target_sae_ids:
            if sae in self._spec.saes:
                raise bad(f"{sae[:100]!r} is behind the KME that asks: keys are not passed back")
            if not self._inland.serves(sae):
                raise bad(f"there is no SAE {sae[:100]!r} in this domain")
        names = [key.key_id for key in keys.keys]
        known = {key_id for key_id, _ in self._brought}
        if len(set(names)) != len(names) or known & set(names):
            raise bad("a key with such a key_id is here already")

    async def _bring(self, keys: ExtKeys, values: Sequence[Secret], told: Sequence[str]) -> None:
        """Carry keys on; the other side hears of them by the names that it told them under."""
        names = [key.key_id for key in keys.keys]
        acks = []
        for saes in self._inland.by_node(keys.target_sae_ids):
            status, message = await self._brought_to(keys, values, names, saes)
            acks += [_ack(told, status, keys.initiator_sae_id, sae, message) for sae in saes]
        await self._acknowledge(acks)

    async def _brought_to(
        self, keys: ExtKeys, values: Sequence[Secret], names: list[str], saes: tuple[str, ...]
    ) -> tuple[AckStatus, str]:
        try:
            letter = await self._inland.deliver(self._spec.domain, keys, values, saes)
        except (Refusal, RecordingError):
            # Why stays here: the other side is not told of nodes and links.
            return "failed", "the keys did not arrive"
        brought = dict.fromkeys(product(names, saes), letter)
        if brought.keys() & self._called_off.keys():
            # It was voided on its way.
            return await self._withdrawn(letter, names), ""
        self._brought |= brought
        while len(self._brought) > MOST_REMEMBERED:
            self._brought.popitem(last=False)
        return "relayed", ""

    async def _take_back(self, void: VoidKeys, names: Sequence[str]) -> None:
        acks = []
        for sae in void.target_sae_ids:
            for key, name in zip(void.key_ids, names, strict=True):
                status = await self._taken_back((name, sae))
                acks.append(_ack([key.key_id], status, void.initiator_sae_id, sae))
        await self._acknowledge(acks)

    async def _taken_back(self, name: tuple[str, str]) -> AckStatus:
        if name not in self._brought:
            self._call_off(name)
            return "key not present"
        status = await self._withdrawn(self._brought[name], [name[0]])
        if status == "voided":
            self._brought.pop(name, None)
        return status

    async def _withdrawn(self, letter: Letter | None, names: Sequence[str]) -> AckStatus:
        try:
            gone = await self._inland.withdraw(letter, names)
        except RecordingError:
            # They are there still, and may be collected.
            gone = False
        return "voided" if gone else "failed to void"

    def _call_off(self, name: tuple[str, str]) -> None:
        """Remember that a key is not wanted, should it still be on its way."""
        self._called_off[name] = None
        while len(self._called_off) > MOST_REMEMBERED:
            self._called_off.popitem(last=False)

    async def _acknowledge(self, acks: Sequence[Ack]) -> None:
        try:
            await self._abroad.acknowledge(acks)
        except Refusal:
            # The other side hears nothing, and voids them.
            return

    def _do(self, work: Awaitable[Any]) -> None:
        async def quietly() -> None:
            try:
                await work
            except Refusal:
                return

        task = asyncio.create_task(quietly())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _renamed(keys: ExtKeys, names: Sequence[str]) -> ExtKeys:
    renamed = [replace(key, key_id=name) for key, name in zip(keys.keys, names, strict=True)]
    return replace(keys, keys=renamed)


def _ack(names: Sequence[str], status: AckStatus, initiator: str, target: str, message: str = "") -> Ack:
    return Ack([KeyName(name) for name in names], status, initiator, target, message)
