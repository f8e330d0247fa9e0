"""INT-UQKD: Redu and Singapore share hybrid keys, once the satellite has passed over both ends of its way."""

import json
import time

import pytest

from qkdctl.kme.client import KmeClient, KmeRefused
from qkdctl.network import plans
from qkdctl.network.control import status
from qkdctl.network.envelope import OVERHEAD, xor
from qkdctl.network.letters import read_letter
from qkdctl.network.linkend import LinkEnd
from qkdctl.network.words import Envelope
from tests.network.lab import HandClock, Network, packaged, run_qkdctl
from tests.network.test_relay import spans

HOURS = 3600.0
SINGAPORE_HAS_KEY, BOTH_HAVE_KEY = 5 * HOURS, 11 * HOURS


@pytest.fixture(scope="module")
def uqkd(tmp_path_factory):
    """The fibre is a modelled link here; the whole session runs in the campaign below."""
    text = packaged("int-uqkd").replace('emulated = { scenario = "demo" }', "modelled = {}")
    with Network(text, tmp_path_factory.mktemp("uqkd"), HandClock()) as network:
        yield network


def test_a_key_only_after_both_passes(uqkd):
    for now in (0.0, SINGAPORE_HAS_KEY):
        uqkd.clock.now = now
        with uqkd.client("ESEC") as kme, pytest.raises(KmeRefused) as refused:
            kme.get_keys("SPEQTRAL")
        assert refused.value.status == 503
    uqkd.clock.now = BOTH_HAVE_KEY
    (key,) = uqkd.share("ESEC", "SPEQTRAL")
    assert key.extension["qkdctl_paths"] == [["redu", "luxembourg", "satellite", "singapore"]]
    assert key.extension["qkdctl_link_types"] == [["modelled", "satellite"]]
    assert key.extension["qkdctl_made_of"] == ["QKD", "ML-KEM-768"]


def test_neither_all_link_keys_nor_the_kem_secret_is_enough(uqkd, monkeypatch):
    uqkd.clock.now = max(uqkd.clock.now, BOTH_HAVE_KEY)
    uqkd.share("ESEC", "SPEQTRAL")
    pads, said, secrets = [], [], []
    draw, ask, encapsulate = LinkEnd.draw, LinkEnd.ask, plans.encapsulate

    async def drawing(end, length, oldest):
        key = await draw(end, length, oldest)
        pads.append(key.value.reveal()[:-OVERHEAD])
        return key

    async def asking(end, word, left):
        said.append(word)
        return await ask(end, word, left)

    def encapsulating(suite, public):
        secret, told = encapsulate(suite, public)
        secrets.append((secret, public))
        return secret, told

    monkeypatch.setattr(LinkEnd, "draw", drawing)
    monkeypatch.setattr(LinkEnd, "ask", asking)
    monkeypatch.setattr(plans, "encapsulate", encapsulating)
    (key,) = uqkd.share("ESEC", "SPEQTRAL")
    envelopes = [word for word in said if isinstance(word, Envelope)]
    assert len(envelopes) == len(pads) == 2
    wire = [part for word in envelopes for part in word.ciphertexts]
    value = key.value.reveal()
    assert not spans([*pads, *wire], value)
    (secret, public) = secrets[0]
    letter, _ = read_letter(envelopes[0].letter, 0)
    stream = plans.masked(secret, public, letter.terms)(bytes(len(value)))
    assert not spans([stream, *wire], value)
    assert xor(pads[0], wire[0], stream) == value


def test_a_bank_rekeys_for_an_hour_without_a_miss(uqkd):
    uqkd.clock.now = max(uqkd.clock.now, BOTH_HAVE_KEY)
    uqkd.share("BANK_REDU", "BANK_SINGAPORE")
    seen = set()
    with uqkd.client("BANK_REDU") as bank, uqkd.client("BANK_SINGAPORE") as branch:
        for _ in range(60):
            uqkd.clock.now += 60.0
            (key,) = bank.get_keys("BANK_SINGAPORE")
            (theirs,) = branch.get_keys_by_id("BANK_REDU", [key.id])
            assert theirs.value == key.value
            seen.add(key.value.reveal())
    assert len(seen) == 60


def test_a_quota_is_the_customers(uqkd):
    uqkd.clock.now = max(uqkd.clock.now, BOTH_HAVE_KEY)
    uqkd.share("BANK_REDU", "BANK_SINGAPORE")
    with uqkd.client("BANK_REDU") as bank, pytest.raises(KmeRefused) as refused:
        bank.get_keys("BANK_SINGAPORE", 122, size=8192)
    assert refused.value.status == 503
    assert "quota of bank" in refused.value.message
    uqkd.share("ESEC", "SPEQTRAL")


@pytest.mark.campaign
@pytest.mark.timeout(900)
def test_the_whole_of_it_in_processes_of_their_own(tmp_path):
    """The fibre is a full emulated decoy-BB84 session, and scenario time runs: 40 hours in three minutes."""
    text = packaged("int-uqkd").replace("speed = 720.0", "speed = 800.0")
    (tmp_path / "uqkd.toml").write_text(text)
    run_qkdctl("network", "up", "uqkd.toml", cwd=tmp_path)
    try:
        run = tmp_path / "qkdctl-network"
        nodes = {one.name: one for one in status(run)}
        pki = run / "domains/int-uqkd"
        esec, speqtral = (
            KmeClient(nodes[node].state.url, pki / f"{sae}.crt", pki / f"{sae}.key", pki / "ca.crt")
            for node, sae in (("redu", "ESEC"), ("singapore", "SPEQTRAL"))
        )
        with esec, speqtral:
            until, key = time.monotonic() + 600, None
            while key is None:
                try:
                    (key,) = esec.get_keys("SPEQTRAL")
                except KmeRefused as refused:
                    if refused.status != 503 or time.monotonic() > until:
                        raise
                    time.sleep(1)
                scenario_s = {one.name: one.state.scenario_s for one in status(run)}["redu"]
            assert scenario_s > 10.5 * HOURS
            assert key.extension["qkdctl_paths"] == [["redu", "luxembourg", "satellite", "singapore"]]
            assert key.extension["qkdctl_link_types"] == [["emulated", "satellite"]]
            (theirs,) = speqtral.get_keys_by_id("ESEC", [key.id])
            assert theirs.value == key.value
        figures = json.loads(run_qkdctl("network", "status", "--json", cwd=tmp_path).stdout)
        print(figures["links"])
    finally:
        run_qkdctl("network", "down", cwd=tmp_path)
