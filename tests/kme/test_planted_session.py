"""From the light to the applications: a session's keys are in nothing that anybody can read afterwards."""

import os
import subprocess
import sys

import pytest

from qkdctl.keystore.audit import entries
from qkdctl.keystore.pair import PARTIES, both_stores
from tests.keystore.test_secrecy import found
from tests.kme.test_delivery import pause_until
from tests.kme.test_running_link import quick_scenario

PIECE = 32


@pytest.fixture
def made(lab, tmp_path):
    """A session that tells all that it can; its keys, in pieces, and what it said."""
    files = {"--log": "log.json", "--report": "page.html", "--picture": "view.svg", "--store": "keys"}
    words = ["run", quick_scenario(tmp_path / "quick.toml"), "--duration", "3.2", "--json"]
    words += [part for option, name in files.items() for part in (option, tmp_path / name)]
    done = subprocess.run(
        [sys.executable, "-m", "qkdctl", *map(os.fspath, words)],
        capture_output=True,
        check=False,
        env=os.environ | {"QKDCTL_DEBUG": "1", "XDG_STATE_HOME": str(tmp_path / "state")},
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    with both_stores(tmp_path / "keys") as stores:
        names = [entry.id for entry in stores["alice"].entries()]
        values = [stores["alice"].value(name).to_bytes() for name in names]
    pieces = [
        value[start : start + PIECE] for value in values for start in range(0, len(value) - PIECE, PIECE)
    ]
    assert len(pieces) > 20
    return pieces, [done.stdout, done.stderr]


def test_no_key_of_a_session_is_in_what_it_leaves_behind(made, lab, caplog):
    pieces, said = made
    with lab.start(), lab.client("SAE_A") as a, lab.client("SAE_B") as b:
        pause_until(lambda: a.status("SAE_B")["stored_key_count"] > 8)
        keys = a.get_keys("SAE_B", 3)
        b.get_keys_by_id("SAE_A", [key.id for key in keys[:2]])
        with lab.streams("SAE_A") as one, lab.streams("SAE_B") as two:
            here = one.open("SAE_A", "SAE_B")
            there = two.open("SAE_B", "SAE_A", here.ksid)
            chunks = [here.get(0), there.get(0), here.get(1)]
    assert pieces[0] == keys[0].value.reveal()
    assert chunks[2].value.reveal() in pieces
    said += [repr(keys).encode(), repr(chunks).encode(), caplog.text.encode()]
    for party in PARTIES:
        with lab.store(party) as store, store.transaction() as connection:
            said.append(repr(list(entries(connection))).encode())
    places = {path: path.read_bytes() for path in lab.directory.rglob("*") if path.is_file()}
    assert {"log.json", "page.html", "view.svg"} <= {path.name for path in places}
    assert found(pieces[0], b"before " + pieces[0].hex().encode())
    leaked = [str(path) for piece in pieces for path, data in places.items() if found(piece, data)]
    assert leaked == []
    assert not any(found(piece, *said) for piece in pieces)
