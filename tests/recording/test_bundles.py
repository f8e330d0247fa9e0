"""A recorded live session, made again from both parties' bundles: the same keys, ledgers and words."""

import json

import msgspec
import pytest

from postproc import traffic
from postproc.blocks import SecretBlock
from postproc.conversation.frames import pack, unpack
from postproc.timetags.formats.sealed import RecordingKey
from qkdctl.acquisition import Plan, acquire
from qkdctl.cli.root import root
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.errors import DisagreementError, RecordingError
from qkdctl.keystore.pair import PARTIES, both_stores
from qkdctl.recording.bundle import Bundle, is_greeting
from qkdctl.recording.records import Drew, Gave, Record, Said
from qkdctl.recording.tape import Last, Tape, TapeReader


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A folder with a live session's key stores, its recording and the recording's key."""
    place = tmp_path_factory.mktemp("recorded")
    (place / "key").write_bytes(bytes(range(40)))
    scenario = scenario_path("quick").resolve()
    plan = Plan(
        scenario_files=dict.fromkeys(PARTIES, scenario),
        scenarios=dict.fromkeys(PARTIES, load_scenario(scenario)),
        stores=place / "keys",
        duration_s=0.8,
        record=place / "rec",
        record_key=place / "key",
    )
    outcome, _ = acquire(plan)
    assert not outcome.failures
    return place


def values(stores):
    """All keys with their ledgers; labels and times are the session's own."""
    with both_stores(stores) as opened:
        return {
            (
                role,
                e.id,
                e.block,
                e.disclosed_bits,
                e.authentication_bits,
                e.epsilon,
                store.value(e.id).to_bytes(),
            )
            for role, store in opened.items()
            for e in store.entries()
        }


def folder(recorded, role):
    return recorded / "rec" / role / "000001"


def test_process_makes_the_same_keys(recorded, tmp_path, capsys):
    arguments = [f"--{role}={folder(recorded, role)}" for role in PARTIES]
    code = root(
        ["process", *arguments, f"--key={recorded / 'key'}", f"--store={tmp_path}", "--json"],
        standalone_mode=False,
    )
    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert told["repeated"]["same"]
    assert told["repeated"]["whole"]
    assert told["repeated"]["blocks"] >= 1
    # Blocks that overlapped then may have taken their one-time keys in another order: their tags are others.
    assert 5 < told["repeated"]["frames"] <= told["repeated"]["frames_then"]
    assert values(tmp_path) == values(recorded / "keys")
    with both_stores(tmp_path) as opened:
        assert {entry.label for store in opened.values() for entry in store.entries()} == {"demonstration"}


def test_a_bundle_says_what_it_is_of(recorded):
    key = RecordingKey.read(recorded / "key")
    bundle = Bundle(folder(recorded, "bob"), "bob", key)
    assert bundle.whole
    assert bundle.head.label == "emulated"
    assert bundle.instruments["tagger"].emulated == "yes"
    with pytest.raises(RecordingError, match="is Bob's bundle, expected Alice's"):
        Bundle(folder(recorded, "bob"), "alice", key)


def test_one_party_per_bundle(recorded):
    """Nothing of Alice's randomness or states is in Bob's recording, and the other way round."""
    key = RecordingKey.read(recorded / "key")
    alice, bob = (Bundle(folder(recorded, role), role, key) for role in PARTIES)
    assert {type(m).__name__ for m in alice.messages()} & {"TagChunk"} == set()
    assert {type(m).__name__ for m in bob.messages()} & {"StateChunk"} == set()
    said = [{frame for frames in bundle.said.values() for frame in frames} for bundle in (alice, bob)]
    assert all(said)
    assert not said[0] & said[1]


def test_a_session_is_repeated_into_new_stores_only(recorded):
    arguments = [f"--{role}={folder(recorded, role)}" for role in PARTIES]
    with pytest.raises(RecordingError, match="has its own"):
        root(
            ["process", *arguments, f"--key={recorded / 'key'}", f"--store={recorded / 'keys'}"],
            standalone_mode=False,
        )


def test_a_recording_that_a_crash_has_cut_short(recorded, tmp_path, capsys):
    """What is whole is made again, and the rest is said to be missing."""
    cut = {role: tmp_path / role for role in PARTIES}
    for role, path in cut.items():
        path.mkdir()
        # The tapes of a process follow each other; a crash cuts the one that was being written.
        tapes = sorted(folder(recorded, role).iterdir())
        last = {tape.name.split(".")[0]: tape for tape in tapes}
        for tape in tapes:
            data = tape.read_bytes()
            is_cut = role == "bob" and tape in last.values()
            (path / tape.name).write_bytes(data[: -len(data) // 50] if is_cut else data)
    arguments = [f"--{role}={path}" for role, path in cut.items()]
    store = tmp_path / "keys"
    root(
        ["process", *arguments, f"--key={recorded / 'key'}", f"--store={store}", "--json"],
        standalone_mode=False,
    )
    told = capsys.readouterr()
    assert not json.loads(told.out)["repeated"]["whole"]
    assert "cannot be made again" in told.err
    assert values(store) <= values(recorded / "keys")


def test_bundles_of_different_sessions_do_not_belong_together(recorded, tmp_path):
    """What Alice said first, with a fresh number in it, is what Bob heard first."""
    key = RecordingKey.read(recorded / "key")
    other = rewritten(folder(recorded, "bob"), tmp_path / "other", key, greeted_anew)
    arguments = [f"--alice={folder(recorded, 'alice')}", f"--bob={other}", f"--key={recorded / 'key'}"]
    with pytest.raises(RecordingError, match="are of different sessions") as told:
        root(["process", *arguments, f"--store={tmp_path / 'keys'}"], standalone_mode=False)
    assert str(folder(recorded, "alice")) in str(told.value)
    assert str(other) in str(told.value)


def rewritten(source, target, key, change):
    """A bundle with other records: `change` gives each record, another one in its place, or None."""
    for name in sorted({path.name.split(".")[0] for path in source.glob("*.tape")}):
        with Tape(target, name, key) as tape:
            for _, record in TapeReader(source, name, key).records(Record):
                changed = change(record)
                if changed is not None and not isinstance(changed, Last):
                    tape.write(changed)
    return target


def greeted_anew(record):
    """The same bundle as if Alice had begun another session with Bob."""
    if isinstance(record, Said) and record.speaker == "alice" and is_greeting(record.frame):
        greeting = msgspec.structs.replace(unpack(record.frame), payload=b"another")
        return Said("alice", pack(greeting))
    return record


@pytest.mark.parametrize("draws", ["lost", "kept"])
def test_a_block_that_was_under_way_when_the_peer_was_lost(recorded, tmp_path, capsys, draws):
    """It may have drawn less than it needs, and that is no fault of the blocks before; nor is a key of it now."""
    key = RecordingKey.read(recorded / "key")
    blocks = blocks_with_key(Bundle(folder(recorded, "alice"), "alice", key))

    def change(record):
        if (
            draws == "lost"
            and isinstance(record, Drew)
            and (record.stage, record.block) == ("verify", blocks[-1])
        ):
            return None
        is_last = isinstance(record, Gave) and block_with_key(record) == blocks[-1]
        return None if is_last else record

    code, told = repeated(recorded, tmp_path, capsys, change)
    assert code == 0
    assert told["whole"]
    assert told["same"]
    assert told["blocks"] == len(blocks) - 1


def repeated(recorded, tmp_path, capsys, change):
    """Repeat the session with other records."""
    key = RecordingKey.read(recorded / "key")
    paths = {role: rewritten(folder(recorded, role), tmp_path / role, key, change) for role in PARTIES}
    arguments = [f"--{role}={path}" for role, path in paths.items()]
    code = root(
        ["process", *arguments, f"--key={recorded / 'key'}", f"--store={tmp_path / 'keys'}", "--json"],
        standalone_mode=False,
    )
    return code, json.loads(capsys.readouterr().out)["repeated"]


def blocks_with_key(bundle):
    return [result.record.block for result in bundle.results if isinstance(result, SecretBlock)]


def block_with_key(gave):
    result = traffic.unpack(gave.message)
    return result.record.block if isinstance(result, SecretBlock) else None


@pytest.mark.parametrize("figures", ["alike", "different"])
def test_figures_are_compared_but_for_rounding(recorded, tmp_path, capsys, figures):
    """Another processor adds in another order."""
    factor = 1 + 1e-13 if figures == "alike" else 1.01

    def change(record):
        if not isinstance(record, Gave) or block_with_key(record) is None:
            return record
        result = traffic.unpack(record.message)
        now = {name: v * factor if isinstance(v, float) else v for name, v in result.record.figures.items()}
        record = msgspec.structs.replace(result.record, figures=now)
        return Gave(traffic.pack(msgspec.structs.replace(result, record=record)))

    if figures == "different":
        with pytest.raises(DisagreementError, match="block 1 came to something else at Alice"):
            repeated(recorded, tmp_path, capsys, change)
    else:
        assert repeated(recorded, tmp_path, capsys, change)[1]["same"]
