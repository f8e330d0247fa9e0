"""Many recordings: the same keys whoever makes them, each made once, and none held up by a bad one."""

import json
import shutil

import pytest
from distributed import LocalCluster

from qkdctl import __version__
from qkdctl.campaign.schedulers import scheduler_named
from qkdctl.campaign.task import Task, carry_out
from qkdctl.errors import UsageError
from qkdctl.keystore.pair import PARTIES, store_path
from qkdctl.keystore.store import KeyStore


@pytest.fixture
def folder(decoy, tmp_path):
    """Three recordings, one of which is none."""
    folder = tmp_path / "campaign"
    for name in ("monday", "tuesday", "wednesday"):
        (folder / name).mkdir(parents=True)
        shutil.copy(decoy.alice, folder / name / "alice_states.h5")
        shutil.copy(decoy.bob, folder / name / "bob_tags.h5")
    (folder / "wednesday" / "bob_tags.h5").write_bytes(b"no recording")
    return folder


def keys(directory):
    """The keys of a recording's two stores."""
    values = {}
    for party in PARTIES:
        with KeyStore(store_path(directory, party), party) as store:
            values[party] = {entry.id: store.value(entry.id).to_bytes() for entry in store.entries()}
    assert values["alice"] == values["bob"] != {}
    return values["alice"]


@pytest.fixture
def workers():
    """Two workers of Dask in processes of their own, and their scheduler's address."""
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


def test_dask_makes_the_same_keys_as_this_process(qkdctl, decoy, folder, workers, tmp_path):
    figures = {}
    for name, more in (("here", ()), ("there", ("--scheduler", workers))):
        done = qkdctl(
            "process", decoy.config, "--campaign", folder, "--seed", 7, "--store", name, "--json", *more
        )
        assert done.code == 4
        figures[name] = done.json
    assert figures["here"] == figures["there"]
    assert [item["code"] for item in figures["here"]["recordings"]] == [0, 0, 4]
    assert "bob_tags.h5" in figures["here"]["recordings"][2]["error"]
    assert figures["here"]["with_key"] == 2
    made = {name: [keys(tmp_path / name / day) for day in ("monday", "tuesday")] for name in figures}
    assert made["here"] == made["there"]
    assert made["here"][0] != made["here"][1]  # each recording has randomness of its own


def test_what_was_done_is_not_done_again_and_nothing_half_done_stays(qkdctl, decoy, folder, tmp_path):
    arguments = ("process", decoy.config, "--campaign", folder)
    first = qkdctl(*arguments, "--json")
    made = keys(tmp_path / "qkdctl-keys" / "monday")
    (folder / "wednesday").joinpath("bob_tags.h5").write_bytes(decoy.bob.read_bytes())
    again = qkdctl(*arguments, "--json")
    assert (first.code, again.code) == (4, 0)
    assert again.json["recordings"][0] == first.json["recordings"][0]
    assert keys(tmp_path / "qkdctl-keys" / "monday") == made
    assert {place.name for place in (tmp_path / "qkdctl-keys").iterdir()} == {
        "monday",
        "tuesday",
        "wednesday",
    }


def test_a_table_for_people(qkdctl, decoy, folder):
    done = qkdctl("process", decoy.config, "--campaign", folder)
    assert "2 of 3 recordings made" in done.out
    assert "wednesday" in done.out


def test_a_worker_that_was_only_believed_lost_changes_nothing(decoy, folder, tmp_path):
    place = folder / "monday"
    task = Task(
        "monday", str(place / "alice_states.h5"), str(place / "bob_tags.h5"), str(decoy.config), str(decoy.config),
        str(tmp_path / "keys" / "monday"), None, __version__,
    )  # fmt: skip
    first = carry_out(task)
    made = keys(tmp_path / "keys" / "monday")
    assert carry_out(task) == first
    assert keys(tmp_path / "keys" / "monday") == made
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["monday"]


def test_a_worker_with_another_qkdctl_refuses(tmp_path):
    task = Task("monday", "a", "b", "c", "c", str(tmp_path / "keys" / "monday"), None, "0.0.0")
    result = carry_out(task)
    assert (result.code, "expected 0.0.0" in result.error) == (1, True)
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize(("address", "words"), [
    ("nonsense", "expected local, or an address"),
    ("tcp://192.0.2.1:8786", "over TLS only"),
    ("ftp://127.0.0.1", "expected local, or an address"),
])  # fmt: skip
def test_schedulers_that_are_refused(address, words):
    with pytest.raises(UsageError, match=words):
        scheduler_named(address)


@pytest.mark.parametrize(("arguments", "words"), [
    (("--campaign", "x", "--alice", "y"), "finds its recordings in its folder"),
    (("--scheduler", "local", "--alice", "y", "--bob", "z"), "name their folder with --campaign"),
    ((), "name both recordings"),
])  # fmt: skip
def test_command_lines_that_make_no_sense(qkdctl, decoy, arguments, words):
    done = qkdctl("process", decoy.config, *arguments)
    assert (done.code, words in done.err) == (2, True)


def test_folders_that_hold_no_campaign(sentence, decoy, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "twice" / "monday").mkdir(parents=True)
    for name in ("alice_1.h5", "alice_2.h5"):
        (tmp_path / "twice" / "monday" / name).touch()
    for folder, words in (
        ("empty", "holds no recordings"),
        ("twice", "found alice_1.h5, alice_2.h5"),
        ("no", "No such"),
    ):
        code, line = sentence("process", decoy.config, "--campaign", tmp_path / folder)
        assert (code, words in line) == (4, True)


def test_the_figures_are_kept_beside_the_keys(qkdctl, decoy, folder, tmp_path):
    done = qkdctl("process", decoy.config, "--campaign", folder, "--json")
    kept = json.loads((tmp_path / "qkdctl-keys" / "monday" / "summary.json").read_text())
    assert kept["summary"] == done.json["recordings"][0]["summary"]
