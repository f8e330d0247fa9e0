"""What the pages tell people to type, typed: at the bench, with keys, over a network; on less of everything."""

import json
import re
import shutil
import urllib.request
from contextlib import ExitStack, closing

import pytest

from drivers.emulation.rack import RackControl
from qkdctl.config.packaged import scenario_path
from qkdctl.errors import InstrumentsError, UsageError
from qkdctl.keystore.pair import PARTIES, store_path
from qkdctl.keystore.store import KeyStore
from qkdctl.node.addresses import read_addresses
from tests.keystore.conftest import ORIGIN, SESSION, make_key
from tests.network.lab import run_qkdctl
from tests.support.ports import free_port
from tests.support.shown import ROOT, Shell, wait_until

pytestmark = pytest.mark.timeout(1200)

NO_KEY = (0, 5)
"""A machine that has much else to do may make no key in a second; that keys come is shown elsewhere."""

SMALL = {"demo": "lab.toml", "misaligned": "bench.toml"}
QUICK = {
    "slot_hz = 25e6": "slot_hz = 5e6",
    "slots_per_block = 100_000_000": "slots_per_block = 50_000_000",
    "slot_hz = 5e6  ": "slot_hz = 2e6  ",
    "channel_loss_db = 10.0": "channel_loss_db = 3.0",
}


@pytest.fixture
def shell(tmp_path):
    """A shell in a directory with a small scenario, and a small one that is misaligned."""
    shutil.copy(scenario_path("quick"), tmp_path / "lab.toml")
    text = scenario_path("misaligned").read_text()
    for long, short in QUICK.items():
        assert text.count(long) == 1, long
        text = text.replace(long, short)
    (tmp_path / "bench.toml").write_text(text)
    return Shell(tmp_path)


def test_a_session_that_is_recorded_its_report_and_how_it_is_made_again(shell):
    """One session for all: what is recorded is reported as any other."""
    plan = shell("qkdctl run lab.toml --duration 60 --report lab.html", "--dry-run", "--json")
    assert json.loads(plan.out)["duration_s"] == 60
    shell("head -c 32 /dev/urandom > recording.key; chmod 600 recording.key")
    shell(
        "qkdctl run lab.toml --record recordings --record-key recording.key --record-mib 2000",
        "--duration", 1.5, "--report", "lab.html", code=NO_KEY,
    )  # fmt: skip
    assert "secret bits" in (shell.folder / "lab.html").read_text()
    shell("qkdctl report")
    assert json.loads(shell("qkdctl report --json").out)["name"] == "quick"
    (session,) = (shell.folder / "qkdctl-keys" / "sessions").glob("*.json")
    shown = "qkdctl-keys/sessions/20260102T030405Z-lab.json"
    shell(
        "qkdctl report qkdctl-keys/sessions/20260102T030405Z-lab.json --output page.html",
        where={shown: session},
    )
    assert (shell.folder / "page.html").exists()
    shell(
        "qkdctl process --alice recordings/alice/000001 --bob recordings/bob/000001 --key recording.key --store again",
        code=NO_KEY,
    )


def test_a_rack_in_ones_hands(shell):
    with ExitStack() as stack:
        rack = stack.enter_context(shell.beside("qkdctl rack up demo", where=SMALL))
        rack.wait_for("instruments are up")
        session = stack.enter_context(
            shell.beside(
                "qkdctl run demo --addresses rack.json --duration 60 --monitor", where=SMALL, code=range(256)
            )
        )
        session.wait_for("http://")
        wait_until(lambda: shell("qkdctl health", code=(0, 1, 5)).code == 0)
        assert json.loads(shell("qkdctl health --json", code=(0, 1)).out)
        shell("qkdctl rack set bob.detector1.latched true")
        shell("qkdctl rack set channel.cut true")
        snapshot = json.loads(shell("qkdctl rack snapshot").out)
        assert snapshot["knobs"]["channel.cut"]
        shell("qkdctl rack set channel.cut false")
        shell("qkdctl rack set eve.intercept_resend 1")
        shell('qkdctl rack say alice.laser "lason 0"')
        assert "mute" in shell("qkdctl rack fault bob.tagger").out
        shell("qkdctl rack fault bob.tagger mute true")


def test_two_nodes(shell):
    shell("head -c 4096 /dev/urandom > psk && chmod 600 psk")
    (shell.folder / "psk").rename(shell.folder / "courier.key")
    alice, bob = shell("qkdctl keygen alice.curve"), shell("qkdctl keygen bob.curve")
    keys = {"ALICES": alice.out.strip(), "BOBS": bob.out.strip()}
    port = free_port()
    where = {**keys, "0.0.0.0:5570": f"127.0.0.1:{port}", "192.0.2.7:5570": f"127.0.0.1:{port}"}
    short = ("--addresses", "rack.json", "--duration", 1.0, "--wait", 240)
    with ExitStack() as stack:
        stack.enter_context(shell.beside("qkdctl rack up demo", where=SMALL)).wait_for("instruments are up")
        nodes = [
            stack.enter_context(
                shell.beside(
                    "qkdctl node alice lab.toml --listen tcp://0.0.0.0:5570 --keys alice.curve --peer-key 'BOBS' "
                    "--psk courier.key", *short, where=where, code=NO_KEY,
                )
            ),
            stack.enter_context(
                shell.beside(
                    "qkdctl node bob lab.toml --connect tcp://192.0.2.7:5570 --keys bob.curve --peer-key 'ALICES' "
                    "--psk courier.key", *short, where=where, code=NO_KEY,
                )
            ),
        ]  # fmt: skip
        for node in nodes:
            node.wait()


def test_what_is_shown_in_the_browser(shell):
    with shell.beside("qkdctl monitor") as monitor:
        monitor.wait_for("http://")
        (url,) = re.findall(r"http://\S+", monitor.text)
        assert b"<title>" in urllib.request.urlopen(url, timeout=60).read()
    with shell.beside("qkdctl monitor --control lab.toml --token monitor.token --duration 86400") as monitor:
        monitor.wait_for("http://")
    assert (shell.folder / "monitor.token").stat().st_mode & 0o777 == 0o600
    with shell.beside(
        'qkdctl monitor --on-alarm "/usr/local/bin/page-somebody --urgent" --webhook https://chat.example.org/hook'
    ) as monitor:
        monitor.wait_for("http://")
    with shell.beside("qkdctl run demo --duration 60 --monitor", where=SMALL, code=range(256)) as session:
        session.wait_for("http://")


def test_a_bench_that_is_out_of_order(shell, monkeypatch):
    step, code = ("--only", "bob-threshold"), (0, 7, 130)
    shell("qkdctl calibrate misaligned", *step, where=SMALL)
    assert (shell.folder / "bench.calibration.html").exists()
    without = shell("qkdctl run misaligned --no-calibration", "--dry-run", "--json", where=SMALL)
    with_it = shell("qkdctl run misaligned --bench-speed 0.5", "--dry-run", "--json", where=SMALL)
    assert [len(json.loads(done.out)["calibrations"]) for done in (without, with_it)] == [0, 1]
    with shell.beside("qkdctl rack up misaligned --speed 0.2", "--speed", 1, where=SMALL) as rack:
        rack.wait_for("instruments are up")
        shell(
            "qkdctl calibrate misaligned --addresses rack.json --bench-speed 0.2",
            *step, "--bench-speed", 1, where=SMALL, code=(0, InstrumentsError.exit_code),
        )  # fmt: skip
        with shell.beside("qkdctl run misaligned --addresses rack.json", where=SMALL, code=code) as terminal:
            terminal.wait_for("bob:")
        with closing(RackControl(read_addresses(shell.folder / "rack.json").control)) as control:
            assert control.snapshot()
    shutil.move(shell.folder / "bench.toml", shell.folder / "lab.toml")
    shutil.move(shell.folder / "bench.calibration.json", shell.folder / "lab.calibration.json")
    for name in ("ENOUGH", "SURE"):
        monkeypatch.setattr(f"qkdctl.calibration.steps.polarisation.{name}", 50)
    for name in ("ROUNDS", "POLISHES"):
        monkeypatch.setattr(f"qkdctl.calibration.alignment.{name}", 1)
    shell("qkdctl calibrate lab.toml --only polarisation", code=(0, InstrumentsError.exit_code))
    shell("qkdctl calibrate lab.toml --undo polarisation", code=(0, UsageError.exit_code))
    shell("qkdctl calibrate lab.toml --undo all")
    shell("qkdctl calibrate misaligned-pairs", "--only", "alice-threshold")
    assert (shell.folder / "misaligned-pairs.calibration.html").exists()


@pytest.mark.campaign
def test_a_rack_that_others_use_is_calibrated_and_makes_key(shell):
    slow = {"where": SMALL}
    with shell.beside("qkdctl rack up misaligned --speed 0.2", **slow) as rack:
        rack.wait_for("instruments are up")
        found = shell("qkdctl calibrate misaligned --addresses rack.json --bench-speed 0.2", "--json", **slow)
        assert all(result["good"] for result in json.loads(found.out)["results"])
        done = shell("qkdctl run misaligned --addresses rack.json", "--duration", 12, "--json", **slow)
    figures = json.loads(done.out)
    assert figures["keys_equal"]
    assert figures["secret_bits"] > 0


def test_keys_for_applications(shell):
    for party in PARTIES:
        with KeyStore(store_path(shell.folder / "qkdctl-keys", party), party) as store:
            store.stage(make_key(1, 8 * 4000, refill=(0, 0)), "emulated", ORIGIN)
            store.confirm(SESSION, 1)
    assert "emulated" in shell("qkdctl keys list").out
    shell("qkdctl kme ca pki --kme KME_A --kme KME_B --sae SAE_A --sae SAE_B")
    ports = {port: str(free_port()) for port in ("8443", "8444", "25575", "25576")}
    configure(shell.folder, ports)
    with ExitStack() as stack:
        stack.enter_context(shell.beside("qkdctl kme serve kme-a.toml")).wait_for(ports["8443"])
        stack.enter_context(shell.beside("qkdctl kme serve kme-b.toml")).wait_for(ports["8444"])
        first = shell(
            "qkdctl keys get --kme https://localhost:8443 --cert pki/SAE_A.crt --key pki/SAE_A.key "
            "--ca pki/ca.crt --slave SAE_B", where=ports,
        )  # fmt: skip
        (key,) = json.loads(first.out)["keys"]
        second = shell(
            "qkdctl keys get --kme https://localhost:8444 --cert pki/SAE_B.crt --key pki/SAE_B.key "
            "--ca pki/ca.crt --master SAE_A --id KEY_ID", where={**ports, "KEY_ID": key["key_ID"]},
        )  # fmt: skip
        assert json.loads(second.out)["keys"] == [key]
        stream = stack.enter_context(
            shell.beside(
                "qkdctl keys stream --kme localhost:25575 --cert pki/SAE_A.crt --key pki/SAE_A.key --ca pki/ca.crt "
                "--source SAE_A --destination SAE_B --chunk-bytes 32 --count 4", where=ports,
            )
        )  # fmt: skip
        wait_until(lambda: re.search(UUID, stream.text))
        shell(
            "qkdctl keys stream --kme localhost:25576 --cert pki/SAE_B.crt --key pki/SAE_B.key --ca pki/ca.crt "
            "--source SAE_B --destination SAE_A --stream c42fe0b3-dfa7-4872-b170-9d3b63b1f841 --count 4",
            where={**ports, "c42fe0b3-dfa7-4872-b170-9d3b63b1f841": re.search(UUID, stream.text)[0]},
        )
        stream.wait()


UUID = r"[0-9a-f]{8}-[0-9a-f-]{27}"


def configure(folder, ports):
    """The file of the page, and Bob's likewise."""
    (text,) = re.findall(
        r"```toml\n(# kme-a.toml\n.*?)```", (ROOT / "docs" / "kme.md").read_text(), re.DOTALL
    )
    (streams,) = re.findall(
        r"```toml\n(streams = .*?)```", (ROOT / "docs" / "key-streams.md").read_text(), re.DOTALL
    )
    for old, new in ports.items():
        text, streams = text.replace(old, new), streams.replace(old, new)
    (folder / "kme-a.toml").write_text(streams + text)
    swap = {"A": "B", "B": "A", "alice": "bob", ports["8443"]: ports["8444"], ports["8444"]: ports["8443"]}
    other = re.sub(rf"(?<=_)[AB]\b|alice|{ports['8443']}|{ports['8444']}", lambda found: swap[found[0]], text)
    (folder / "kme-b.toml").write_text(streams.replace(ports["25575"], ports["25576"]) + other)


def test_lengths_by_the_named_proofs(shell):
    points = "tests/vectors/finite_key_points.json"
    shell("python -m postproc.estimation tests/vectors/finite_key_points.json", where={points: ROOT / points})


NETWORK = """
name = "luxqci"
lab = true
gossip_s = 0.3
time.speed = 30

[domains.luxqci]

[nodes]
kirchberg = { domain = "luxqci", saes = ["BANK_HQ"] }
bertrange = { domain = "luxqci" }
belval = { domain = "luxqci", saes = ["UNIVERSITY"] }

[links]
kirchberg-bertrange = { between = ["kirchberg", "bertrange"], modelled = {} }
bertrange-belval = { between = ["bertrange", "belval"], modelled = {} }
"""


def test_a_network(shell):
    (shell.folder / "small.toml").write_text(NETWORK)
    assert "luxqci" in shell("qkdctl network list").out
    shell("qkdctl network up luxqci", where={"luxqci": "small.toml"})
    try:
        assert "kirchberg" in shell("qkdctl network status").out
        figures = json.loads(run_qkdctl("network", "status", "--json", cwd=shell.folder).stdout)
        (url,) = [node["url"] for node in figures["nodes"] if node["name"] == "kirchberg"]
        port = {"PORT": url.rpartition(":")[2]}
        wait_until(
            lambda: shell(
                "(cd qkdctl-network/domains/luxqci && qkdctl keys get --kme https://localhost:PORT "
                "--cert BANK_HQ.crt --key BANK_HQ.key --ca ca.crt --slave UNIVERSITY)", where=port, code=range(256),
            ).code == 0
        )  # fmt: skip
        shell("qkdctl network cut kirchberg-bertrange")
        shell("qkdctl network heal kirchberg-bertrange")
        shell("qkdctl network cut belval")
        shell("qkdctl network heal belval")
        with shell.beside("qkdctl network monitor") as monitor:
            monitor.wait_for("http://")
        shell("qkdctl network forecast --hours 24 --taken 256")
        shell("qkdctl kme ca qkdctl-network/domains/luxqci --revoke UNIVERSITY")
        shell("qkdctl network audit")
        shell("qkdctl network cut embassy", where={"embassy": "belval"})
        shell("qkdctl network zeroise embassy", "--yes", where={"embassy": "belval"})
    finally:
        shell("qkdctl network down")


def test_identities_and_a_key_that_is_taken_out(shell):
    for party in PARTIES:
        with KeyStore(store_path(shell.folder / "qkdctl-keys", party), party) as store:
            store.stage(make_key(1, 8 * 4000, refill=(0, 0)), "secret", ORIGIN)
            store.confirm(SESSION, 1)
    shell("qkdctl identity --party alice")
    public = {"alice.identity.pub": "qkdctl-keys/alice.identity.pub"}
    shell("qkdctl identity --party bob --peer alice.identity.pub", where=public)
    with KeyStore(store_path(shell.folder / "qkdctl-keys", "alice"), "alice") as store:
        (key,) = store.entries()
    shell("qkdctl keys export KEY_ID FILE", where={"KEY_ID": key.id, "FILE": "key.bin"})
    assert (shell.folder / "key.bin").stat().st_size == 4000
