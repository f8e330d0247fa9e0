"""What a KME is told: one TOML file. Paths are relative to the file."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from postproc.types import Role
from qkdctl.config.toml import read_toml, validate
from qkdctl.errors import ConfigurationError

_STRICT = ConfigDict(extra="forbid")

Name = Annotated[str, MinLen(1)]
Names = Annotated[tuple[Name, ...], MinLen(1)]
Bits = Annotated[int, Ge(8), Le(2**20)]
Hybrid = Literal["off", "allowed", "required"]


@dataclass(frozen=True, config=_STRICT)
class Limits:
    """What one request, and one application, can have.

    Attributes
    ----------
    key_size_bits : int
        The default size of a key.
    min_key_size_bits, max_key_size_bits : int
    max_keys_per_request : int
    max_additional_saes : int
        How many more receivers than one a key can have.
    max_key_count : int
        The most that ``stored_key_count`` says.
    max_waiting_keys : int
        How many keys may wait for a receiver; more are refused until it collects some.
    collect_within_s : float
        How long a key waits for its receivers.
    max_age_s : float
        How old key may become before it is destroyed.
    requests_per_s, bits_per_s : float
        What one application can ask for in the long run, and at once in ten seconds' worth.
    """

    key_size_bits: Bits = 256
    min_key_size_bits: Bits = 64
    max_key_size_bits: Bits = 8192
    max_keys_per_request: Annotated[int, Ge(1), Le(10_000)] = 128
    max_additional_saes: Annotated[int, Ge(0), Le(100)] = 8
    max_key_count: Annotated[int, Ge(1)] = 1_000_000
    max_waiting_keys: Annotated[int, Ge(1)] = 100_000
    collect_within_s: Annotated[float, Gt(0)] = 3600.0
    max_age_s: Annotated[float, Gt(0)] = 7 * 86400.0
    requests_per_s: Annotated[float, Gt(0)] = 10_000.0
    bits_per_s: Annotated[float, Gt(0)] = 10e6


@dataclass(frozen=True, config=_STRICT)
class Peer:
    """The KME at the other end.

    Attributes
    ----------
    id : str
        As its certificate says.
    url : str
        ``https://HOST:PORT``.
    saes : tuple of str
        The applications that it serves.
    """

    id: Name
    url: Name
    saes: Names


@dataclass(frozen=True, config=_STRICT)
class KmeConfig:
    """A KME.

    Attributes
    ----------
    id : str
    party : {"alice", "bob"}
        Whose keys it serves.
    listen : str
        ``HOST:PORT``.
    store : Path
        Directory of the key store.
    certificate, private_key, ca : Path
        PEM files: its own certificate and key, and who signs all others'.
    revoked : Path or None
        A PEM certificate revocation list of the same CA; read again when it changes.
    saes : tuple of str
        The applications that it serves.
    peer : Peer or None
        None for a KME that only shares keys among its own applications.
    lab : bool
        Deliver also keys that are labelled ``recorded`` or ``emulated``.
    hybrid : {"off", "allowed", "required"}
        Whether keys are combined with ML-KEM between the KMEs: never, where an application asks, always.
    streams : str or None
        ``HOST:PORT`` for ETSI GS QKD 004 streams.
    oldest_tls : {"1.3", "1.2"}
        What applications that call by ETSI GS QKD 014 must speak at least.
    limits : Limits
    """

    id: Name
    party: Role
    listen: Name
    certificate: Path
    private_key: Path
    ca: Path
    saes: tuple[Name, ...]
    store: Path = Path("qkdctl-keys")
    revoked: Path | None = None
    peer: Peer | None = None
    lab: bool = False
    hybrid: Hybrid = "allowed"
    streams: Name | None = None
    oldest_tls: Literal["1.3", "1.2"] = "1.3"
    limits: Limits = field(default_factory=Limits)


def load_config(path: Path) -> KmeConfig:
    """Read and validate a KME's file.

    Raises
    ------
    ConfigurationError
        Naming the file, the key, the value, and what is allowed: a line for each mistake.
    """
    table = read_toml(path, "key server's file")
    for name in ("certificate", "private_key", "ca", "revoked", "store"):
        if isinstance(table.get(name, name == "store" and "qkdctl-keys"), str):
            table[name] = str(path.parent / table.get(name, "qkdctl-keys"))
    config: KmeConfig = validate(path, KmeConfig, table)
    _check(path, config)
    return config


def host_and_port(text: str) -> tuple[str, int]:
    """Read ``HOST:PORT``; a host of IPv6 stands in brackets.

    Raises
    ------
    ValueError
        If it is not that.
    """
    parts = urlsplit(f"//{text}")
    if parts.hostname is None or parts.port is None or parts.path or parts.query:
        raise ValueError(text)
    return parts.hostname, parts.port


def _check(path: Path, config: KmeConfig) -> None:
    """What concerns several keys at once."""
    limits = config.limits
    sizes = (limits.min_key_size_bits, limits.key_size_bits, limits.max_key_size_bits)
    if list(sizes) != sorted(sizes) or any(size % 8 for size in sizes):
        raise ConfigurationError(
            f"{path}: limits: min_key_size_bits, key_size_bits and max_key_size_bits are {sizes[0]}, {sizes[1]} "
            f"and {sizes[2]}, expected multiples of 8 in rising order"
        )
    for key, text in (("listen", config.listen), ("streams", config.streams)):
        try:
            host_and_port(text or "localhost:1")
        except ValueError:
            raise ConfigurationError(f"{path}: {key} is {text!r}, expected HOST:PORT") from None
    if not config.saes:
        raise ConfigurationError(f"{path}: saes is [], expected at least one application")
    if config.peer:
        _check_peer(path, config, config.peer)


def _check_peer(path: Path, config: KmeConfig, peer: Peer) -> None:
    url = urlsplit(peer.url)
    if url.scheme != "https" or not url.hostname or url.path.strip("/"):
        raise ConfigurationError(f"{path}: peer.url is {peer.url!r}, expected https://HOST:PORT")
    if peer.id == config.id:
        raise ConfigurationError(f"{path}: peer.id is {peer.id!r}, as id is; expected the other KME's")
    if both := sorted(set(config.saes) & set(peer.saes)):
        raise ConfigurationError(f"{path}: {both[0]!r} is in saes and in peer.saes; expected one of them")
