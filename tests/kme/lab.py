"""Two KMEs of one link, each with its store, certificates for everybody, and keys to deliver."""

import asyncio
import contextlib
import threading
from functools import partial
from pathlib import Path
from unittest.mock import patch

from qkdctl.keystore.pair import PARTIES, store_path
from qkdctl.keystore.store import KeyStore
from qkdctl.kme import serve
from qkdctl.kme.agreement import Agreement
from qkdctl.kme.ca import Authority
from qkdctl.kme.client import KmeClient
from qkdctl.kme.config import load_config
from qkdctl.kme.peer import PeerUnavailable
from qkdctl.kme.streams.client import StreamClient
from qkdctl.ports import free_ports
from tests.keystore.conftest import ORIGIN, SESSION, make_key

KMES = {"alice": "KME_A", "bob": "KME_B"}
SAES = {"alice": ("SAE_A", "SAE_A2"), "bob": ("SAE_B", "SAE_B2", "SAE B/3")}
FILES = {"SAE B/3": "SAE_B3"}

CONFIG = """
id = "{id}"
party = "{party}"
store = "{store}"
listen = "localhost:{port}"
streams = "localhost:{stream_port}"
certificate = "pki/{id}.crt"
private_key = "pki/{id}.key"
ca = "pki/ca.crt"
revoked = "pki/ca.crl"
saes = {saes}
{more}

[peer]
id = "{peer}"
url = "https://localhost:{peer_port}"
saes = {peer_saes}

[limits]
{limits}
"""

PATIENCE_S = 120
TRIES = 3


class Lab:
    """The link.

    Parameters
    ----------
    directory : Path
    more : str
        Lines for both files.
    limits : str
        Lines for their table of limits.
    """

    def __init__(self, directory: Path, more="lab = true", limits=""):
        self.directory = directory
        self.pki = directory / "pki"
        self.authority = Authority(self.pki)
        ports = free_ports(4)
        self.ports = dict(zip(PARTIES, ports[:2], strict=True))
        self.stream_ports = dict(zip(PARTIES, ports[2:], strict=True))
        for party in PARTIES:
            self.authority.issue("kme", KMES[party], ["localhost", "127.0.0.1"])
            for sae in SAES[party]:
                if sae not in FILES:
                    self.authority.issue("sae", sae)
            self.write_config(party, more, limits)

    def write_config(self, party, more="lab = true", limits=""):
        other = "bob" if party == "alice" else "alice"
        text = CONFIG.format(
            id=KMES[party], party=party, store="keys", port=self.ports[party], more=more, limits=limits,
            stream_port=self.stream_ports[party], saes=list(SAES[party]),
            peer=KMES[other], peer_port=self.ports[other], peer_saes=list(SAES[other]),
        )  # fmt: skip
        self.config(party).write_text(text)

    def config(self, party):
        return self.directory / f"{KMES[party]}.toml"

    def store(self, party):
        return KeyStore(store_path(self.directory / "keys", party), party)

    def fill(self, blocks=range(1, 4), n_bits=8 * 4000, label="emulated", confirmed=PARTIES):
        """Give both parties the keys of blocks; some may be confirmed at one party only."""
        for party in PARTIES:
            with self.store(party) as store:
                for block in blocks:
                    store.stage(make_key(block, n_bits, refill=(0, 0)), label, ORIGIN)
                    if party in confirmed:
                        store.confirm(SESSION, block)

    def url(self, party):
        return f"https://localhost:{self.ports[party]}"

    def client(self, sae, party=None, **more):
        """A client with the certificate of an SAE, at its own KME unless another is named."""
        party = party or next((party for party in PARTIES if sae in SAES[party]), "alice")
        return KmeClient(self.url(party), *self.files(sae), **more)

    def streams(self, sae, party=None):
        """A client of key streams with the certificate of an SAE."""
        party = party or next(party for party in PARTIES if sae in SAES[party])
        return StreamClient(f"localhost:{self.stream_ports[party]}", *self.files(sae))

    def files(self, name):
        return self.pki / f"{name}.crt", self.pki / f"{name}.key", self.pki / "ca.crt"

    def start(self, *parties, run=asyncio.run):
        """Run KMEs, both unless one is named; a context."""
        return Running([load_config(self.config(party)) for party in parties or PARTIES], run)


class Running:
    """KMEs in a thread of their own; when the context begins, those that can meet have met."""

    def __init__(self, configs, run):
        self._configs = configs
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: run(self._run()))
        self._error = None

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)
        if self._error:
            self._thread.join()
            raise self._error
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    async def _run(self):
        self._loop, self._stop, met = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        try:
            async with contextlib.AsyncExitStack() as stack:
                with patch.object(serve, "Agreement", partial(Meeting, met)):
                    # Alice's KME asks at once: Bob's is there then.
                    for config in reversed(self._configs):
                        await stack.enter_async_context(serve.running(config))
                if any(config.party == "alice" for config in self._configs):
                    await met.wait()
                self._ready.set()
                await self._stop.wait()
        except Exception as error:
            self._error = error
            self._ready.set()


class Meeting(Agreement):
    """Notes when the other KME has answered, or will not."""

    def __init__(self, met, *arguments):
        super().__init__(*arguments)
        self._met, self._tries = met, TRIES

    async def ask(self):
        try:
            await super().ask()
        except PeerUnavailable:
            self._tries -= 1
            if not self._tries:
                self._met.set()
            raise
        self._met.set()
