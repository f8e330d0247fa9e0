"""What may be told of a stored key."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal, get_args
from uuid import UUID

from postproc.authentication.wegman_carter import Method
from qkdctl.keystore.engine import Row

State = Literal["staged", "confirmed", "opened", "delivered", "destroyed"]
"""Opened: applications' keys are cut from it. Delivered: it has left the store, whole into a file or in such keys."""

Label = Literal["secret", "recorded", "emulated", "demonstration", "quarantined"]
"""What a key is good for; only "secret" is delivered without being asked for by its label."""

NEVER: frozenset[Label] = frozenset({"demonstration", "quarantined"})
"""Labels of keys that no server delivers; a lab's server delivers all others."""

LABELS: tuple[Label, ...] = get_args(Label)
"""All of them; what is worth least comes last."""


@dataclass(frozen=True)
class Origin:
    """Where keys come from, the same for all keys of a session.

    Attributes
    ----------
    scenario, protocol, proof : str
    waived : tuple of str
        Assumptions of the proof that were waived; such keys are a demonstration.
    authentication : {"psk", "mldsa65", "psk+mldsa65"}
        How the parties knew each other: by tags, by signatures, or by both.
    """

    scenario: str
    protocol: str
    proof: str
    waived: tuple[str, ...]
    authentication: Method = "psk"

    def to_json(self) -> str:
        """Write it into the store."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Origin:
        """Read it from the store."""
        fields = json.loads(text)
        return cls(**fields | {"waived": tuple(fields["waived"])})


@dataclass(frozen=True)
class KeyEntry:
    """A stored key without its value.

    Attributes
    ----------
    id : str
        The same at both parties.
    session : str
        The session's number, in hexadecimal.
    block : int
    state : State
    label : Label
    length_bits : int
    made_at : str
        When it was staged here, ISO 8601, UTC.
    origin : Origin
    disclosed_bits, authentication_bits : int
        Totals of the block's ledgers.
    epsilon : float
        Sum of the key's failure probabilities.
    """

    id: str
    session: str
    block: int
    state: State
    label: Label
    length_bits: int
    made_at: str
    origin: Origin
    disclosed_bits: int
    authentication_bits: int
    epsilon: float

    @classmethod
    def from_row(cls, row: Row) -> KeyEntry:
        """Take it from a row of the table of keys."""
        fields = {name: row[name] for name in cls.__dataclass_fields__}
        return cls(**fields | {"session": row["session"].hex(), "origin": Origin.from_json(row["origin"])})


COLUMNS = ", ".join(KeyEntry.__dataclass_fields__)


def key_id(session: bytes, block: int) -> str:
    """Name a block's key: a UUID that both parties derive alike."""
    digest = hashlib.sha256(b"qkdctl key" + session + block.to_bytes(8, "big")).digest()
    return str(UUID(bytes=digest[:16], version=5))
