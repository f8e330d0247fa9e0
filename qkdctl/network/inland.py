"""The own domain as keys from abroad find it: they are carried from the border to their applications."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

from qkdctl.keystore.entry import LABELS
from qkdctl.keystore.secret import Secret
from qkdctl.kme.allotment import Local
from qkdctl.kme.config import Hybrid
from qkdctl.kme.extensions import Options, Unmet, suite_of
from qkdctl.kme.hybrid import KEMS
from qkdctl.kme.refusal import bad, unavailable
from qkdctl.kme.words import Terms
from qkdctl.kme.writer import Writer
from qkdctl.network.border_words import ExtKeys
from qkdctl.network.carrier import Carrier
from qkdctl.network.letters import worst
from qkdctl.network.plans import Target
from qkdctl.network.receiver import drop_keys, hold_keys
from qkdctl.network.spec import NodeSpec
from qkdctl.network.words import Letter

NOT_HERE = "what is asked for cannot be had here"


class Domain:
    """An :class:`~qkdctl.network.border.Inland`.

    Parameters
    ----------
    spec : NodeSpec
        Of the border's node.
    writer : Writer
    here : Local
    carrier : Carrier
    """

    def __init__(self, spec: NodeSpec, writer: Writer, here: Local, carrier: Carrier) -> None:
        self._spec = spec
        self._writer = writer
        self._here = here
        self._carrier = carrier
        self._nodes = {sae: card.name for card in spec.nodes for sae in card.saes}

    def serves(self, sae: str) -> bool:
        """See :class:`~qkdctl.network.border.Inland`."""
        return sae in self._nodes

    def by_node(self, saes: Sequence[str]) -> list[tuple[str, ...]]:
        """See :class:`~qkdctl.network.border.Inland`."""
        found: dict[str, list[str]] = defaultdict(list)
        for sae in dict.fromkeys(saes):
            found[self._nodes[sae]].append(sae)
        return [tuple(together) for together in found.values()]

    async def deliver(
        self, came_from: str, keys: ExtKeys, values: Sequence[Secret], saes: tuple[str, ...]
    ) -> Letter | None:
        """See :class:`~qkdctl.network.border.Inland`."""
        names = tuple(key.key_id for key in keys.keys)
        label = worst("secret", *(_label(key.extension) for key in keys.keys))
        if label not in self._spec.labels:
            raise bad(f"keys that are labelled {label[:40]!r} are not delivered here")
        whole = Secret(b"".join(value.reveal() for value in values))
        terms = Terms(keys.initiator_sae_id, saes, 8 * len(values[0]), names)
        node = self._nodes[saes[0]]
        options = _options(keys.extension_mandatory, self._spec.profile.hybrid)
        if node == self._spec.name:
            kem = _kem(keys)
            if options.suite and options.suite.kem != kem:
                raise unavailable("an ML-KEM share is asked for, and there is no way here that one could go")
            await self._hold(terms, whole, label, came_from, kem)
            return None
        target = Target(node, came_from=came_from)
        carried = await self._carrier.carry(target, terms, options, whole, set(), label)
        return carried.letter

    async def withdraw(self, letter: Letter | None, key_ids: Sequence[str]) -> bool:
        """See :class:`~qkdctl.network.border.Inland`."""
        if letter is not None:
            return await self._carrier.void(letter, key_ids)
        work = partial(drop_keys, key_ids=key_ids, why="voided by the domain that they came from")
        return bool(await self._writer.do(work))

    async def _hold(self, terms: Terms, keys: Secret, label: str, came_from: str, kem: str) -> None:
        parts = ["QKD", kem] if kem else ["QKD"]
        made_of = {"qkdctl_made_of": parts, "qkdctl_label": label, "qkdctl_hops": 0}
        work = partial(
            hold_keys,
            master=terms.master,
            receivers=terms.slaves,
            key_ids=terms.key_ids,
            keys=keys,
            made_of=json.dumps(made_of | {"qkdctl_other_domain": came_from}),
            patience=self._here.patience,
        )
        self._here.check(terms.slaves, len(terms.key_ids))
        await self._writer.do(work)
        self._here.waiting.update(dict.fromkeys(terms.slaves, len(terms.key_ids)))


def _label(extension: dict[str, Any]) -> str:
    label = extension.get("qkdctl_label", "secret")
    return label if label in LABELS else "quarantined"


def _kem(keys: ExtKeys) -> str:
    """The ML-KEM share under which keys came to the border over there; empty if not all came under one."""
    kems = {str(key.extension.get("qkdctl_kem")) for key in keys.keys}
    return next((kem for kem in KEMS if kems == {kem}), "")


def _options(wanted: dict[str, Any], policy: Hybrid) -> Options:
    """Read what the other domain asks of this one.

    Raises
    ------
    Refusal
        If that cannot be had.
    """
    paths, hybrid = wanted.get("qkdctl_min_paths", 1), wanted.get("qkdctl_hybrid", False)
    try:
        suite = suite_of(hybrid, policy) if hybrid else None
    except Unmet:
        raise unavailable(NOT_HERE) from None
    if isinstance(paths, bool) or not isinstance(paths, int) or not 1 <= paths <= 8:
        raise unavailable(NOT_HERE)
    return Options(min_paths=paths, suite=suite)
