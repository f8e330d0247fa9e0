"""Two nodes, each with its own directory, store and key server: applications at both ends share keys and streams."""

import subprocess
import sys
from contextlib import ExitStack, contextmanager

import pytest

from qkdctl.keystore.pair import PARTIES, store_path
from qkdctl.keystore.store import KeyStore
from tests.keystore.conftest import filler
from tests.kme.test_delivery import pause_until
from tests.kme.test_running_link import quick_scenario
from tests.support.ports import free_port


@contextmanager
def started(directory, *arguments):
    """A command of ours in the background, ended at last; its output is in its log."""
    command = [sys.executable, "-m", "qkdctl", *map(str, arguments)]
    with (directory / f"{arguments[0]}-{arguments[1]}.log").open("w+") as log:
        process = subprocess.Popen(command, cwd=directory, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(120)


@pytest.fixture
def nodes(lab, tmp_path):
    """The two nodes' directories: each has its own, and nothing of the other's."""
    for party in PARTIES:
        text = lab.config(party).read_text()
        assert 'store = "keys"' in text
        lab.config(party).write_text(text.replace('store = "keys"', f'store = "at-{party}"'))
    quick_scenario(tmp_path / "quick.toml")
    (tmp_path / "courier.key").write_bytes(filler("courier", 4096))
    (tmp_path / "courier.key").chmod(0o600)
    return tmp_path


def node(directory, party, port, public, own):
    way = "--listen" if party == "alice" else "--connect"
    other = public["bob" if party == "alice" else "alice"]
    return started(
        directory, "node", party, "quick.toml", way, f"tcp://127.0.0.1:{port}", "--keys", own[party],
        "--peer-key", other, "--psk", "courier.key", "--duration", "3.2", "--addresses", "rack.json",
        "--store", f"at-{party}",
    )  # fmt: skip


def test_each_node_feeds_its_own_key_server(lab, nodes):
    own = {party: nodes / f"{party}.curve" for party in PARTIES}
    public = {
        party: subprocess.run(
            [sys.executable, "-m", "qkdctl", "keygen", path], capture_output=True, text=True, check=True
        ).stdout.strip()
        for party, path in own.items()
    }
    for party in PARTIES:
        KeyStore(store_path(nodes / f"at-{party}", party), party).__exit__()
    with ExitStack() as stack:
        stack.enter_context(started(nodes, "rack", "up", "quick.toml"))
        pause_until((nodes / "rack.json").exists, 60)
        stack.enter_context(lab.start())
        port = free_port()
        running = [stack.enter_context(node(nodes, party, port, public, own)) for party in PARTIES]
        a, b = stack.enter_context(lab.client("SAE_A")), stack.enter_context(lab.client("SAE_B"))
        over = lambda: any(one.poll() is not None for one in running)  # noqa: E731
        pause_until(lambda: a.status("SAE_B")["stored_key_count"] > 8 or over(), 120)
        assert not over(), [path.read_text() for path in nodes.glob("node-*.log")]
        keys = a.get_keys("SAE_B", 2, additional=["SAE_A2"])
        assert [key.value for key in b.get_keys_by_id("SAE_A", [key.id for key in keys])] == [
            k.value for k in keys
        ]
        (back,) = b.get_keys("SAE_A")
        assert a.get_keys_by_id("SAE_B", [back.id])[0].value == back.value
        one = stack.enter_context(lab.streams("SAE_A")).open("SAE_A", "SAE_B")
        two = stack.enter_context(lab.streams("SAE_B")).open("SAE_B", "SAE_A", one.ksid)
        assert [one.get(index).value for index in range(4)] == [two.get(index).value for index in range(4)]
        assert keys[0].extension["qkdctl_label"] == "emulated"
