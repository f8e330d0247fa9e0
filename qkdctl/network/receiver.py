"""What becomes of shares that arrive at their last node: keys that wait for applications, or go on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Protocol

from qkdctl.keystore.engine import Connection
from qkdctl.keystore.secret import Secret
from qkdctl.keystore.store import KeyStore
from qkdctl.keystore.supply import ApplicationKey
from qkdctl.kme.allotment import Local
from qkdctl.kme.hybrid import KemKeys
from qkdctl.kme.refusal import Refusal, bad, unavailable
from qkdctl.kme.writer import Writer
from qkdctl.network.composition import composition
from qkdctl.network.demands import Demands
from qkdctl.network.hybrid import Mask, masked, plain
from qkdctl.network.link_specs import LinkCard
from qkdctl.network.ports import LinkRefused
from qkdctl.network.shares import Assembly
from qkdctl.network.words import Letter


class Onward(Protocol):
    """A way into another domain."""

    async def pass_on(self, letter: Letter, keys: Secret, made_of: str) -> None:
        """Take keys on, and say what they are made of; raise the refusal if they do not arrive."""
        ...

    async def void(self, letter: Letter) -> None:
        """Say that keys are to reach nobody; raise the refusal if nobody hears."""
        ...


class Receiver:
    """A :class:`~qkdctl.network.ports.Recipient`.

    Parameters
    ----------
    writer : Writer
        Works on the node's store.
    here : Local
        Its applications.
    kem : KemKeys
        Its key pairs.
    demands : Demands
        What its domain demands of keys.
    labels : collection of str
        Of keys that are delivered here.
    links : mapping of str to LinkCard
    domains : mapping of str to Onward
        The other domains that can be reached from here.
    """

    def __init__(
        self,
        writer: Writer,
        here: Local,
        kem: KemKeys,
        demands: Demands,
        labels: Collection[str],
        links: Mapping[str, LinkCard],
        domains: Mapping[str, Onward],
    ) -> None:
        self._writer = writer
        self._here = here
        self._kem = kem
        self._demands = demands
        self._labels = labels
        self._links = links
        self._domains = domains
        self._assembly = Assembly()

    def expect(self, letter: Letter) -> None:
        """See :class:`~qkdctl.network.ports.Recipient`."""
        self._demands.check(letter)
        if letter.onward:
            if letter.onward not in self._domains:
                raise LinkRefused(f"there is no way into the domain {letter.onward!r} from here")
        elif not self._receivers(letter):
            raise LinkRefused("none of the SAEs is served here")
        self._here.check(self._receivers(letter), len(letter.terms.key_ids))

    async def take(self, packed: bytes, letter: Letter, share: int, value: Secret, label: str) -> bool:
        """See :class:`~qkdctl.network.ports.Recipient`."""
        self.expect(letter)
        if label not in self._labels:
            raise LinkRefused(f"keys that are labelled {label} are not delivered here")
        try:
            whole = self._assembly.add(letter.relay, packed, len(letter.routes), share, value.reveal(), label)
        except ValueError as error:
            raise LinkRefused(str(error)) from None
        if whole is None:
            return False
        await self._keep(letter, Secret(self._mask(letter)(whole.secret)), whole.label)
        return True

    async def drop(self, letter: Letter, key_ids: tuple[str, ...]) -> None:
        """See :class:`~qkdctl.network.ports.Recipient`."""
        self._assembly.drop(letter.relay)
        if letter.onward:
            if letter.onward in self._domains:
                await self._domains[letter.onward].void(letter)
            return
        work = partial(drop_keys, key_ids=key_ids, why="the relay was called off")
        if not await self._writer.do(work):
            raise LinkRefused("the keys were collected")

    def _receivers(self, letter: Letter) -> tuple[str, ...]:
        return (
            tuple(sae for sae in letter.terms.slaves if sae in self._here.saes) if not letter.onward else ()
        )

    def _mask(self, letter: Letter) -> Mask:
        if letter.terms.hybrid is None:
            return plain
        try:
            secret, public = self._kem.decapsulate(letter.terms.hybrid)
        except ValueError as error:
            raise LinkRefused(str(error)) from None
        return masked(secret, public, letter.terms)

    async def _keep(self, letter: Letter, keys: Secret, label: str) -> None:
        made_of = composition([letter], label, self._links)
        if letter.onward:
            await self._domains[letter.onward].pass_on(letter, keys, made_of)
            return
        work = partial(
            hold_keys,
            master=letter.terms.master,
            receivers=self._receivers(letter),
            key_ids=letter.terms.key_ids,
            keys=keys,
            made_of=made_of,
            patience=self._here.patience,
        )
        try:
            await self._writer.do(work)
        except Refusal:
            raise
        except Exception as error:
            raise unavailable("the keys cannot be stored at their last node") from error
        self._here.waiting.update(dict.fromkeys(self._receivers(letter), len(letter.terms.key_ids)))


def hold_keys(
    store: KeyStore,
    connection: Connection,
    master: str,
    receivers: tuple[str, ...],
    key_ids: Sequence[str],
    keys: Secret,
    made_of: str,
    patience: timedelta,
) -> None:
    """Let keys wait for their receivers; work for the :class:`~qkdctl.kme.writer.Writer`."""
    for key_id, value in zip(key_ids, cut(keys.reveal(), len(key_ids)), strict=True):
        store.supply.check_new(connection, key_id)
        key = ApplicationKey(key_id, master, receivers, 8 * len(value), made_of)
        store.supply.wait(connection, key, value, patience)


def drop_keys(store: KeyStore, connection: Connection, key_ids: Sequence[str], why: str) -> bool:
    """Destroy keys that wait here; tell whether nobody has collected any of them."""
    for key_id in key_ids:
        if store.supply.state_of(connection, key_id) == "waiting":
            store.supply.lose(connection, key_id, why)
    # A key may wait for the one of its receivers while the other has it.
    return not any(store.supply.was_collected(connection, key_id) for key_id in key_ids)


def cut(keys: bytes, count: int) -> list[bytes]:
    """Cut what was carried into its keys.

    Raises
    ------
    Refusal
        If it does not divide.
    """
    size, rest = divmod(len(keys), count)
    if rest:
        raise bad("keys of a request have one length")
    return [keys[place : place + size] for place in range(0, len(keys), size)]
