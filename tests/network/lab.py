"""A network that runs in a thread of the test, each node on a port of its own, in scenario time."""

import asyncio
import contextlib
import io
import threading
from time import monotonic, sleep
from typing import NamedTuple

from qkdctl.cli import main
from qkdctl.kme.client import KmeClient, KmeError, KmeRefused
from qkdctl.network.catalogue import packaged_topologies
from qkdctl.network.layout import Layout
from qkdctl.network.prepare import prepare
from qkdctl.network.running import running
from qkdctl.network.space import onboard
from qkdctl.network.topology import load_topology

PATIENCE_S = 120


class Done(NamedTuple):
    """What a command came to."""

    returncode: int
    stdout: str
    stderr: str


def run_qkdctl(*arguments, cwd, check=True):
    """Run a command in this process, in a directory."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(list(arguments))
        except SystemExit as ended:
            code = ended.code or 0
    assert not check or code == 0, err.getvalue()
    return Done(code, out.getvalue(), err.getvalue())


def packaged(name, speed=None):
    """The text of a topology that comes with the package, perhaps in a faster time."""
    text = packaged_topologies()[name].read_text()
    return text if speed is None else text.replace("\ngossip_s", f"\ntime.speed = {speed}\ngossip_s")


class HandClock:
    """Scenario time that the test sets."""

    def __init__(self, now=0.0):
        self.now = now

    def __call__(self):
        return self.now


class Network:
    """A topology set up in a directory; a context while it runs."""

    def __init__(self, text, directory, clock=None):
        directory.mkdir(exist_ok=True)
        path = directory / "topology.toml"
        path.write_text(text)
        self.topology = load_topology(path)
        self.layout = Layout(directory / "run")
        self.specs = prepare(self.topology, self.layout.directory, directory)
        self.clock = clock
        self.nodes = {}
        self._ready = threading.Event()
        self._error = None

    def __enter__(self):
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
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
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            async with contextlib.AsyncExitStack() as stack:
                self._stacks = {}
                stack.push_async_callback(self._close_all)
                for path in self.layout.nodes.glob(f"*/{onboard.SPEC_FILE}"):
                    satellite = onboard.read_satellite(path.parent)
                    await stack.enter_async_context(onboard.running(satellite, self.clock))
                for name in self.specs:
                    await self._start(name)
                self._ready.set()
                await self._stop.wait()
        except Exception as error:
            self._error = error
            self._ready.set()

    async def _start(self, name):
        self._stacks[name] = contextlib.AsyncExitStack()
        self.nodes[name], _ = await self._stacks[name].enter_async_context(
            running(self.specs[name], self.clock)
        )

    async def _close_all(self):
        await asyncio.gather(*(stack.aclose() for stack in self._stacks.values()))

    def _wait_for(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE_S)

    def stop(self, name):
        self._wait_for(self._stacks.pop(name).aclose())
        del self.nodes[name]

    def start(self, name):
        self._wait_for(self._start(name))

    def cut(self, link):
        for party in ("alice", "bob"):
            (self.layout.link(link) / f"{party}.cut").touch()

    def heal(self, link):
        for party in ("alice", "bob"):
            (self.layout.link(link) / f"{party}.cut").unlink()

    def node_of(self, sae):
        return next(name for name, place in self.topology.nodes.items() if sae in place.saes)

    def files(self, sae):
        """An application's certificate, key, and the CA that its own server's certificate is of."""
        pki = self.layout.domain(self.topology.nodes[self.node_of(sae)].domain)
        return pki / f"{sae}.crt", pki / f"{sae}.key", pki / "ca.crt"

    def url(self, node):
        return f"https://{self.specs[node].listen}"

    def client(self, sae):
        return KmeClient(self.url(self.node_of(sae)), *self.files(sae))

    def wait_for_key(self, master, slave, number=1, within_s=PATIENCE_S, **request):
        """Ask for keys until there are some."""
        until = monotonic() + within_s
        while True:
            try:
                with self.client(master) as kme:
                    return kme.get_keys(slave, number, **request)
            except KmeRefused as refused:
                if refused.status != 503 or monotonic() > until:
                    raise
            except KmeError:
                # On a machine that has much else to do an answer may come too late.
                if monotonic() > until:
                    raise
            sleep(0.1)

    @staticmethod
    def until(condition, within_s=PATIENCE_S):
        """Wait for something to come true."""
        end = monotonic() + within_s
        while not condition():
            assert monotonic() < end
            sleep(0.05)

    def share(self, master, slave, number=1, **request):
        """Get new keys at one end and the same at the other; give those of the master."""
        keys = self.wait_for_key(master, slave, number, **request)
        with self.client(slave) as kme:
            theirs = kme.get_keys_by_id(master, [key.id for key in keys])
        assert [(key.id, key.value) for key in theirs] == [(key.id, key.value) for key in keys]
        assert [key.extension for key in theirs] == [key.extension for key in keys]
        return keys
