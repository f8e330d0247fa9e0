"""The demo, and the other live scenarios that come with qkdctl: from nothing to equal keys at both ends."""

import json

import pytest

from qkdctl.keystore.pair import both_stores


def test_the_demo_ends_in_equal_keys_in_both_stores(command, tmp_path):
    done = command(
        "demo",
        "--duration",
        "2.2",
        "--json",
        "--picture",
        "view.svg",
        "--report",
        "page.html",
        "--log",
        "log.jsonl",
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["protocol"] == "decoy-bb84"
    assert figures["proof"] == "lim2014"
    assert figures["waived"] == []
    assert figures["keys_equal"] is True
    assert figures["net_secret_bits"] > 0
    assert 3e5 < figures["tags"]["bob"] < 4e6
    (block,) = figures["blocks"]
    assert block["epsilon"]["sec"] == 1e-10
    with both_stores(tmp_path / "qkdctl-demo-keys") as stores:
        alice, bob = (store.entry(block["key_id"]) for store in stores.values())
        assert alice.label == bob.label == "emulated"
        assert alice.length_bits == bob.length_bits > 0
        assert stores["alice"].value(alice.id) == stores["bob"].value(bob.id)
        secret = stores["alice"].value(alice.id).to_bytes()
    check_report(tmp_path, figures, secret)
    picture = (tmp_path / "view.svg").read_text()
    assert "<svg" in picture
    assert 'url("http' not in picture
    assert "clocks locked" in done.stderr


@pytest.mark.parametrize(("name", "duration"), [("pairs", "2.4"), ("one-decoy", "1.3")])
def test_other_links_end_in_key_too(command, name, duration):
    done = command("run", name, "--duration", duration, "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["keys_equal"] is True
    assert figures["net_secret_bits"] > 0
    # The two clocks are independent: their drift was found, not known.
    assert abs(figures["clock"]["drift_ppb"]) > 1000


def check_report(tmp_path, figures, secret):
    """The page and the session file tell the same figures, and no key."""
    page = (tmp_path / "page.html").read_text()
    assert f"{figures['secret_bits']:,} secret bits" in page
    assert "these keys protect nothing" in page
    (file,) = (tmp_path / "qkdctl-demo-keys" / "sessions").iterdir()
    record = json.loads(file.read_text())
    assert record["summary"] == figures
    assert {each["name"] for each in record["instruments"] if each["emulated"] == "yes"} == {
        "alice.laser", "alice.transmitter", "alice.attenuator", "alice.power_meter", "bob.detectors", "bob.tagger",
    }  # fmt: skip
    assert sum(record["history"]["rates"]["bob"]["channel_0_hz"]) > 0
    log = (tmp_path / "log.jsonl").read_text()
    told = [json.loads(line) for line in log.splitlines()]
    assert {"state", "rates", "clock", "sifted", "tested", "block"} <= {event["kind"] for event in told}
    for text in (page, file.read_text(), log):
        assert secret[:8].hex() not in text.lower()
