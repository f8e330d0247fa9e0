"""Key delivery: enc_keys of ETSI GS QKD 014 against two running KMEs, the load generator beside them.

What is measured is all of it: TLS 1.3 with certificates on both sides, the agreement of the two KMEs, one
durable transaction at each (``synchronous=FULL``), encryption at rest, the audit log.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from time import monotonic, sleep

from postproc.bits import Bits
from postproc.secretsink import SecretKey
from postproc.types import Role
from qkdctl.benchmarks.case import Case
from qkdctl.benchmarks.load import Load, Reply, generate
from qkdctl.errors import KmeError
from qkdctl.keystore.entry import Origin
from qkdctl.keystore.pair import PARTIES, store_path
from qkdctl.keystore.store import KeyStore
from qkdctl.kme.ca import Authority
from qkdctl.kme.client import KmeClient
from qkdctl.programs import python

CONCURRENCY = 8
FRESH_REQUESTS = 400
KEPT_REQUESTS = 2000
BLOCKS, BLOCK_BYTES = 64, 2**17
APPEAR_S = 20.0
ORIGIN = Origin("a benchmark", "none", "none", ())

CONFIG = """
id = "KME_{party}"
party = "{party}"
listen = "localhost:{port}"
store = "keys"
certificate = "pki/KME_{party}.crt"
private_key = "pki/KME_{party}.key"
ca = "pki/ca.crt"
saes = ["SAE_{party}"]
lab = true

[peer]
id = "KME_{other}"
url = "https://localhost:{other_port}"
saes = ["SAE_{other}"]

[limits]
requests_per_s = 1e9
bits_per_s = 1e12
max_waiting_keys = 10000000
"""


def cases() -> Iterator[Case]:
    """Requests on a connection each, and on connections that are kept."""
    with tempfile.TemporaryDirectory(prefix="qkdctl-bench-") as root, ExitStack() as stack:
        port = stack.enter_context(_two_kmes(Path(root)))
        for name, fresh, count in (
            ("fresh TLS connections", True, FRESH_REQUESTS),
            ("connections kept", False, KEPT_REQUESTS),
        ):
            load = Load(port, Path(root) / "pki", "SAE_alice", "SAE_bob", CONCURRENCY, count, fresh=fresh)
            yield Case(
                f"enc_keys, {name}, {CONCURRENCY} at once",
                count,
                "requests/s",
                partial(generate, load),
                partial(_check, load),
                figures=_figures,
            )


def _figures(answer: object) -> dict[str, float]:
    """Latencies, in ms."""
    times = sorted(reply.seconds for reply in _replies(answer))
    return {"p50_ms": 1e3 * median(times), "p99_ms": 1e3 * times[int(0.99 * (len(times) - 1))]}


def _check(load: Load, answer: object) -> None:
    """Every reply is another key; some of them are at the other end too."""
    keys = {key_id: value for reply in _replies(answer) for key_id, value in reply.keys.items()}
    assert len(keys) == load.count == len(set(keys.values())), "a request got no key, or another's"
    assert all(len(value) == 32 for value in keys.values()), "a key has another length"
    some = list(keys)[:: max(1, len(keys) // 20)]
    with KmeClient(f"https://localhost:{load.port + 1}", *load.files("SAE_bob")) as client:
        for key in client.get_keys_by_id("SAE_alice", some):
            assert key.value.reveal() == keys[key.id], "the two ends have different keys"


def _replies(answer: object) -> list[Reply]:
    assert isinstance(answer, list)
    return answer


@contextmanager
def _two_kmes(directory: Path) -> Iterator[int]:
    """Run two KMEs with plenty of key; give the first one's port. The second has the next one."""
    authority = Authority(directory / "pki")
    port = _two_ports()
    ports: dict[Role, int] = {"alice": port, "bob": port + 1}
    for party in PARTIES:
        other: Role = "bob" if party == "alice" else "alice"
        authority.issue("kme", f"KME_{party}", ["localhost"])
        authority.issue("sae", f"SAE_{party}")
        text = CONFIG.format(party=party, other=other, port=ports[party], other_port=ports[other])
        (directory / f"{party}.toml").write_text(text)
    _fill(directory / "keys")
    servers = [_start(directory, party) for party in PARTIES]
    try:
        _await(directory, port)
        yield port
    finally:
        for server in servers:
            server.terminate()
        for server in servers:
            server.wait()


def _start(directory: Path, party: Role) -> subprocess.Popen[bytes]:
    with (directory / f"{party}.log").open("wb") as log:
        command = python("qkdctl", "kme", "serve", str(directory / f"{party}.toml"))
        return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


def _fill(directory: Path) -> None:
    session = os.urandom(16)
    values = [secrets.token_bytes(BLOCK_BYTES) for _ in range(BLOCKS)]
    for party in PARTIES:
        with KeyStore(store_path(directory, party), party) as store:
            for block, value in enumerate(values):
                bits = Bits.from_bytes(value, 8 * BLOCK_BYTES)
                key = SecretKey(session, block, bits, {"alice": b"", "bob": b""}, 0, 0, 0.0)
                store.stage(key, "emulated", ORIGIN)
                store.confirm(session, block)


def _await(directory: Path, port: int) -> None:
    """Wait until all key is open at both ends."""
    until = monotonic() + APPEAR_S
    pki = directory / "pki"
    while True:
        try:
            with KmeClient(
                f"https://localhost:{port}", pki / "SAE_alice.crt", pki / "SAE_alice.key", pki / "ca.crt"
            ) as client:
                if client.status("SAE_bob")["stored_key_count"] == BLOCKS * BLOCK_BYTES // 32:
                    return
        except KmeError:
            pass
        if monotonic() > until:
            logs = "; ".join((directory / f"{party}.log").read_text().strip() for party in PARTIES)
            raise KmeError(f"the two KMEs did not come up within {APPEAR_S:.0f} s: {logs}")
        sleep(0.1)


def _two_ports() -> int:
    """Find two free ports, one after the other."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
