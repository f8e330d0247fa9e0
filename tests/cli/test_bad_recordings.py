"""What a technician can hand in by mistake: each gets its sentence and its exit code, and leaves no key."""

import os

import numpy as np
import pytest

from postproc.timetags.header import TagHeader
from postproc.timetags.types import TagChunk
from postproc.timetags.writing import write_recording
from tests.cli.conftest import DECOY, PAIRS
from tests.config.toml import written

PARTIES = ("alice", "bob")


def handed_in(recorded, **changes):
    """The command with one party's recording replaced."""
    files = {party: changes.get(party, getattr(recorded, party)) for party in PARTIES}
    return "process", recorded.config, *(part for party in PARTIES for part in (f"--{party}", files[party]))


@pytest.mark.parametrize("party", PARTIES)
@pytest.mark.parametrize("link", ["decoy", "pairs"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty; expected a recording"),
        (b"\x00\x01\x02" * 999, "is neither an HDF5 recording nor text"),
        (b"# qkdctl tags: time_ns channel\n1 2\n", "line 1: expected '# qkdctl tags: time_ps channel'"),
        (b"# qkdctl tags: time_ps channel\n1 2\none two\n", "line 3: expected 'time_ps channel'"),
        (b"# qkdctl tags: time_ps channel\n", "holds no time tags"),
        (b"PK\x03\x04 zipped", ""),
        (b"\x1f\x8b\x08\x00cut off", ""),
    ],
)
def test_what_is_no_recording(sentence, request, tmp_path, party, link, content, words):
    recorded = request.getfixturevalue(link)
    (tmp_path / "bad").write_bytes(content)
    code, line = sentence(*handed_in(recorded, **{party: "bad"}))
    assert code == 4
    assert line.startswith("bad")
    assert words in line or (link, party) == ("decoy", "alice")


@pytest.mark.parametrize("party", PARTIES)
@pytest.mark.parametrize("part", [0.02, 0.5, 0.999])
def test_a_file_that_was_cut_off(sentence, decoy, tmp_path, party, part):
    content = getattr(decoy, party).read_bytes()
    (tmp_path / "cut.h5").write_bytes(content[: int(len(content) * part)])
    code, line = sentence(*handed_in(decoy, **{party: "cut.h5"}))
    assert code == 4
    assert line.startswith("cut.h5")
    assert "copy the recording again" in line


def test_damage_in_the_middle_is_found_when_it_is_reached(qkdctl, decoy, tmp_path):
    content = bytearray(decoy.bob.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 2000] = bytes(2000)
    (tmp_path / "scratched.h5").write_bytes(bytes(content))
    done = qkdctl(*handed_in(decoy, bob="scratched.h5"))
    assert done.code == 4
    assert done.out == ""
    assert done.err.startswith("qkdctl: scratched.h5")


@pytest.mark.parametrize("party", PARTIES)
def test_time_that_runs_backwards(sentence, pairs, tmp_path, party):
    (tmp_path / "unsorted.txt").write_text("# qkdctl tags: time_ps channel\n5 0\n3 1\n")
    code, line = sentence(*handed_in(pairs, **{party: "unsorted.txt"}))
    assert code == 4
    assert line.startswith("unsorted.txt: tag 1 (counted from 0) at 3 ps is earlier")


@pytest.mark.parametrize("party", PARTIES)
def test_no_such_file_or_no_file(sentence, decoy, tmp_path, party):
    assert sentence(*handed_in(decoy, **{party: "missing.h5"})) == (
        4,
        f"missing.h5: there is no such recording; --{party} names a file",
    )
    code, line = sentence(*handed_in(decoy, **{party: tmp_path}))
    assert (code, line) == (
        4,
        f"{tmp_path}: is not a file; --{party} names a recording, or a folder of its segments",
    )
    assert not (tmp_path / "qkdctl-keys").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_a_file_that_may_not_be_read(sentence, decoy, tmp_path):
    (tmp_path / "locked.h5").write_bytes(decoy.bob.read_bytes())
    (tmp_path / "locked.h5").chmod(0)
    code, line = sentence(*handed_in(decoy, bob="locked.h5"))
    assert (code, line) == (4, "locked.h5 cannot be read: Permission denied")


def test_tags_where_states_are_due_and_the_other_way_round(sentence, decoy):
    code, line = sentence(*handed_in(decoy, alice=decoy.bob, bob=decoy.alice))
    assert code == 4
    assert line == (
        f"{decoy.bob}: holds time tags, and Alice needs prepared states for decoy-bb84; were the two "
        "recordings swapped?"
    )
    code, line = sentence(*handed_in(decoy, bob=decoy.alice))
    assert code == 4
    assert "holds prepared states, and Bob needs time tags" in line


def test_states_for_bbm92(sentence, pairs, decoy):
    code, line = sentence(*handed_in(pairs, alice=decoy.alice))
    assert code == 4
    assert "holds prepared states, and Alice needs time tags for bbm92" in line


def on_channels(path, first):
    """A recording of random clicks on four channels."""
    chance = np.random.default_rng(first)
    times = np.sort(chance.integers(0, 10**11, 20_000))
    channels = chance.integers(first, first + 4, 20_000).astype(np.uint8)
    tags = TagChunk(start_ps=0, stop_ps=10**11, time_ps=times, channel=channels)
    write_recording(path, [tags], TagHeader())


def test_two_recordings_that_were_swapped_are_known_by_their_channels(sentence, tmp_path):
    """As where both parties' detectors are on one tagger."""
    bob = PAIRS["bob"] | {
        "detectors": [one | {"channel": one["channel"] + 4} for one in PAIRS["bob"]["detectors"]]
    }
    (tmp_path / "one-tagger.toml").write_text(written({**PAIRS, "bob": bob}))
    on_channels(tmp_path / "a.h5", 0)
    on_channels(tmp_path / "b.h5", 4)
    code, line = sentence("process", "one-tagger.toml", "--alice", "b.h5", "--bob", "a.h5")
    assert code == 4
    assert line == (
        "b.h5: has tags on channels 4, 5, 6, 7 only, and Alice's detectors are on 0, 1, 2, 3; were the two "
        "recordings swapped, or the channels renumbered?"
    )


def test_recordings_that_have_nothing_to_do_with_each_other(sentence, decoy, pairs):
    code, line = sentence(*handed_in(decoy, bob=pairs.bob))
    assert code == 7
    assert line.startswith("no clock lock")
    assert "check" in line


def test_both_parties_with_the_same_recording(qkdctl, pairs):
    """Every click coincides with itself: a perfect key that nobody shares."""
    done = qkdctl(*handed_in(pairs, bob=pairs.alice))
    assert done.code in (5, 7)


def shorter(tmp_path, table, duration_s):
    """Recordings of the same link that ended early."""
    from tests.cli.conftest import recorded

    place = tmp_path / "short"
    place.mkdir()
    name = "alice_states.h5" if table is DECOY else "alice_tags.h5"
    return recorded(place, table | {"emulation": table["emulation"] | {"duration_s": duration_s}}, name)


@pytest.mark.parametrize(
    ("table", "duration_s", "code"),
    [(DECOY, 0.001, 7), (DECOY, 0.01, 5), (PAIRS, 0.002, 7), (PAIRS, 0.03, 5)],
    ids=["preamble of states", "block of states", "preamble of tags", "block of tags"],
)
def test_recordings_that_are_too_short(qkdctl, tmp_path, table, duration_s, code):
    short = shorter(tmp_path, table, duration_s)
    done = qkdctl(*handed_in(short), "--json")
    assert done.code == code
    (line,) = done.err.splitlines()
    if code == 5:
        assert done.json["secret_bits"] == 0
        assert done.json["keys_equal"] is None
        assert f"Alice {duration_s:g} s" in line
        assert "record longer, or agree on shorter blocks" in line
    else:
        assert done.out == ""


@pytest.mark.parametrize("party", PARTIES)
def test_one_recording_that_ends_before_the_other(qkdctl, decoy, tmp_path, party):
    short = shorter(tmp_path, DECOY, 0.012)
    done = qkdctl(*handed_in(decoy, **{party: getattr(short, party)}), "--json")
    assert done.code == 5
    assert f"{party.capitalize()} 0.012 s" in done.err
    assert done.json["secret_bits"] == 0


def test_a_detector_that_never_clicked_is_named(qkdctl, decoy, tmp_path):
    assert qkdctl("tags", "convert", decoy.bob, "three.h5", "--channels", "0-2").code == 0
    done = qkdctl(*handed_in(decoy, bob="three.h5"))
    assert done.code == 7
    assert done.err.endswith("; Bob's detector on channel 3 never clicked\n")


def test_a_detector_that_never_clicked_is_named_also_where_delays_are_calibrated(qkdctl, decoy, tmp_path):
    assert qkdctl("tags", "convert", decoy.bob, "three.h5", "--channels", "0-2").code == 0
    calibrated = DECOY | {"clock": DECOY["clock"] | {"estimate_delays": False}}
    (tmp_path / "calibrated.toml").write_text(written(calibrated))
    done = qkdctl("process", "calibrated.toml", "--alice", decoy.alice, "--bob", "three.h5", "--json")
    assert done.code in (0, 5)
    silent = [alarm for alarm in done.json["alarms"] if alarm["name"] == "detector-silent"]
    assert [alarm["subject"] for alarm in silent] == ["Bob's detector on channel 3"]


def test_names_that_would_command_the_terminal_are_written_out(qkdctl, decoy):
    done = qkdctl(*handed_in(decoy, bob="\x1b[31m[bold]evil\x07.h5"))
    assert done.code == 4
    assert done.err.startswith("qkdctl: \\x1b[31m[bold]evil\\x07.h5: there is no such recording")
