"""OPENQKD: two makers' links on one path, other people's clients, and secrets that no single node knows."""

import base64
import time

import pytest
from etsi_qkd_014_client import QKD014Client

from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.network.control import status
from qkdctl.network.envelope import OVERHEAD
from qkdctl.network.linkend import LinkEnd
from qkdctl.network.words import Envelope
from tests.network.lab import Network, packaged, run_qkdctl
from tests.network.test_relay import spans

SESSIONS = {
    'emulated = { scenario = "demo" }': 'modelled = { scenario = "demo", channel_loss_db = 9.0 }',
    'emulated = { scenario = "other-maker" }': 'modelled = { scenario = "other-maker", channel_loss_db = 8.0 }',
}


@pytest.fixture(scope="module")
def openqkd(tmp_path_factory):
    """All links are modelled here; whole sessions run in the campaign below."""
    text = packaged("openqkd", speed=20)
    for session, model in SESSIONS.items():
        assert session in text
        text = text.replace(session, model)
    with Network(text, tmp_path_factory.mktemp("openqkd")) as network:
        yield network


def theirs(network, sae):
    certificate, key, ca = map(str, network.files(sae))
    return QKD014Client(network.url(network.node_of(sae)).removeprefix("https://"), certificate, key, ca)


def test_the_makers_links_differ_in_rate(openqkd):
    models = {link.name: link.model for spec in openqkd.specs.values() for link in spec.links}
    rates = {name: model.block_bytes / model.block_s for name, model in models.items()}
    assert len(set(rates.values())) == 4
    assert len({model.block_s for model in models.values()}) == 2


def test_a_014_client_of_others_gets_keys_over_both_makers_links(openqkd):
    openqkd.share("SAE_BERLIN", "SAE_MADRID")
    code, container = theirs(openqkd, "SAE_BERLIN").get_key("SAE_MADRID", number=3, size=256)
    assert code == 200, container.message
    mine = {key.key_id: base64.b64decode(key.key) for key in container.keys}
    assert len(mine) == 3
    code, collected = theirs(openqkd, "SAE_MADRID").get_key_with_key_IDs("SAE_BERLIN", list(mine))
    assert code == 200, collected.message
    assert {key.key_id: base64.b64decode(key.key) for key in collected.keys} == mine
    code, status = theirs(openqkd, "SAE_BERLIN").get_status("SAE_MADRID")
    assert (code, status.target_kme_id) == (200, "madrid")


def test_no_node_between_knows_a_key_over_two_ways(openqkd, monkeypatch):
    """Each node is given all it sees: the keys of its links, and every word on every link of the network."""
    openqkd.wait_for_key("SAE_BERLIN", "SAE_MADRID", mandatory={"qkdctl_min_paths": 2})
    pads, said = {}, []
    draw, ask = LinkEnd.draw, LinkEnd.ask

    async def drawing(end, length, oldest):
        key = await draw(end, length, oldest)
        pads.setdefault(end.name, []).append(key.value.reveal()[:-OVERHEAD])
        return key

    async def asking(end, word, left):
        said.append(word)
        return await ask(end, word, left)

    monkeypatch.setattr(LinkEnd, "draw", drawing)
    monkeypatch.setattr(LinkEnd, "ask", asking)
    (key,) = openqkd.share("SAE_BERLIN", "SAE_MADRID", mandatory={"qkdctl_min_paths": 2})
    assert sorted(path[1] for path in key.extension["qkdctl_paths"]) == ["poznan", "vienna"]
    wire = {part for word in said if isinstance(word, Envelope) for part in word.ciphertexts}
    assert len(wire) == sum(map(len, pads.values())) == 4
    value = key.value.reveal()
    for node in ("poznan", "vienna"):
        seen = [pad for link, found in pads.items() if node in link for pad in found]
        assert len(seen) == 2
        assert not spans([*seen, *wire], value)
    everything = [pad for found in pads.values() for pad in found]
    assert spans([*everything, *wire], value)


def test_the_makers_instruments_differ():
    drivers = [
        {
            stand.driver
            for _, here in load_scenario(scenario_path(name)).instruments.items()
            for stand in here.values()
        }
        for name in ("demo", "other-maker")
    ]
    assert {"koheron-ctl200", "hp-8156a"} <= drivers[0] - drivers[1]
    assert {"thorlabs-itc4000", "oz-dd100"} <= drivers[1] - drivers[0]


@pytest.mark.campaign
@pytest.mark.timeout(900)
def test_whole_sessions_of_both_makers_on_one_path(tmp_path):
    """The way over Vienna is cut, so that keys come over both makers' sessions."""
    (tmp_path / "openqkd.toml").write_text(packaged("openqkd"))
    run_qkdctl("network", "up", "openqkd.toml", cwd=tmp_path)
    try:
        run_qkdctl("network", "cut", "vienna", cwd=tmp_path)
        run = tmp_path / "qkdctl-network"
        urls = {one.name: one.state.url.removeprefix("https://") for one in status(run) if one.state}
        pki = run / "domains/openqkd"
        berlin, madrid = (
            QKD014Client(urls[node], *(str(pki / name) for name in (f"{sae}.crt", f"{sae}.key", "ca.crt")))
            for node, sae in (("berlin", "SAE_BERLIN"), ("madrid", "SAE_MADRID"))
        )
        until, code = time.monotonic() + 600, 503
        while code == 503 and time.monotonic() < until:
            time.sleep(1)
            code, container = berlin.get_key("SAE_MADRID")
        assert code == 200, container.message
        mine = {key.key_id: key.key for key in container.keys}
        code, collected = madrid.get_key_with_key_IDs("SAE_BERLIN", list(mine))
        assert {key.key_id: key.key for key in collected.keys} == mine
    finally:
        run_qkdctl("network", "down", cwd=tmp_path)
