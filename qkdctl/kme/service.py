"""What an application can ask of a KME: the three calls of ETSI GS QKD 014, without HTTP."""

from __future__ import annotations

import base64
import json
from functools import partial

from qkdctl.errors import NotAReceiver, UnknownKey
from qkdctl.keystore.engine import Connection
from qkdctl.keystore.store import KeyStore
from qkdctl.kme.config import KmeConfig
from qkdctl.kme.extensions import options_of
from qkdctl.kme.hybrid import MOST_BYTES
from qkdctl.kme.limits import Allowances
from qkdctl.kme.link import new_key_ids
from qkdctl.kme.messages import Key, KeyContainer, KeyRequest, Status, check_size
from qkdctl.kme.refusal import NOT_FOUND, NOT_MET, NOT_NAMED, bad, unauthorised
from qkdctl.kme.source import KeySource
from qkdctl.kme.words import Terms
from qkdctl.kme.writer import Writer


class Service:
    """The calls.

    Parameters
    ----------
    config : KmeConfig
    writer : Writer
    source : KeySource
    allowances : Allowances
    """

    def __init__(self, config: KmeConfig, writer: Writer, source: KeySource, allowances: Allowances) -> None:
        self._config = config
        self._limits = config.limits
        self._writer = writer
        self._source = source
        self._allowances = allowances

    async def status(self, caller: str, slave: str) -> Status:
        """Tell what there is for the caller and a slave SAE.

        Raises
        ------
        Refusal
            As do the others.
        """
        self._allowances.request(caller)
        target = self._check_slave(caller, slave)
        free = await self._source.free_bytes(slave)
        limits = self._limits
        return Status(
            source_KME_ID=self._config.id,
            target_KME_ID=target,
            master_SAE_ID=caller,
            slave_SAE_ID=slave,
            key_size=limits.key_size_bits,
            stored_key_count=min(8 * free // limits.key_size_bits, limits.max_key_count),
            max_key_count=limits.max_key_count,
            max_key_per_request=limits.max_keys_per_request,
            max_key_size=limits.max_key_size_bits,
            min_key_size=limits.min_key_size_bits,
            max_SAE_ID_count=limits.max_additional_saes,
            status_extension={"qkdctl_hybrid": self._config.hybrid},
        )

    async def get_keys(self, caller: str, slave: str, request: KeyRequest) -> KeyContainer:
        """Give the caller new keys, and hold them for the slaves."""
        self._allowances.request(caller)
        slaves = self._slaves(caller, slave, request)
        number, size = self._amount(request)
        options = options_of(request, self._config.hybrid, relays=self._source.relays)
        if options.suite and size > 8 * MOST_BYTES:
            raise bad(NOT_MET, [{"qkdctl_hybrid": f"expected keys of at most {8 * MOST_BYTES} bits"}])
        self._allowances.bits(caller, number * size)
        terms = Terms(caller, slaves, size, new_key_ids(number))
        drawn = await self._source.draw(terms, options)
        names = drawn.grant.terms.key_ids
        return KeyContainer(
            [
                _key(name, value.reveal(), drawn.made_of)
                for name, value in zip(names, drawn.values, strict=True)
            ]
        )

    async def get_keys_by_id(self, caller: str, master: str, key_ids: list[str]) -> KeyContainer:
        """Give the caller keys that a master SAE was given for it."""
        self._allowances.request(caller)
        if len(key_ids) > self._limits.max_keys_per_request:
            raise bad(
                f"{len(key_ids)} keys are asked for, expected at most {self._limits.max_keys_per_request}"
            )
        work = partial(_collect, master=master, sae=caller, key_ids=key_ids)
        try:
            container = await self._writer.do(work)
        except NotAReceiver:
            raise unauthorised(NOT_NAMED) from None
        except UnknownKey:
            raise bad(NOT_FOUND) from None
        self._source.here.waiting[caller] -= len(key_ids)
        return container

    def _check_slave(self, caller: str, slave: str) -> str:
        """Give the KME that serves a slave."""
        if slave == caller:
            raise bad("the slave SAE is the caller itself; name another one")
        target = self._source.kme_of(slave)
        if target is None:
            raise bad(f"there is no SAE {slave[:100]!r} at this KME or the other one")
        return target

    def _slaves(self, caller: str, slave: str, request: KeyRequest) -> tuple[str, ...]:
        """All slaves."""
        more = request.additional_slave_SAE_IDs or []
        most = self._limits.max_additional_saes
        if len(more) > most:
            raise bad(f"{len(more)} additional_slave_SAE_IDs are named, expected at most {most}")
        for name in (slave, *more):
            self._check_slave(caller, name)
        if len({slave, *more}) <= len(more):
            raise bad("a slave SAE is named twice; name each once")
        return (slave, *more)

    def _amount(self, request: KeyRequest) -> tuple[int, int]:
        limits = self._limits
        number = 1 if request.number is None else request.number
        size = limits.key_size_bits if request.size is None else request.size
        check_size(size, limits.min_key_size_bits, limits.max_key_size_bits)
        if not 1 <= number <= limits.max_keys_per_request:
            raise bad(f"number is {number}, expected 1 to {limits.max_keys_per_request}")
        return number, size


def _collect(
    store: KeyStore, connection: Connection, master: str, sae: str, key_ids: list[str]
) -> KeyContainer:
    found = store.supply.collect(connection, master, sae, key_ids)
    return KeyContainer([_key(one.id, one.value.reveal(), one.made_of) for one in found])


def _key(name: str, value: bytes, made_of: str) -> Key:
    return Key(name, base64.b64encode(value).decode(), json.loads(made_of))
