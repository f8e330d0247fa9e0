"""A tape gives back what was written, as far as it goes, and nothing else."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qkdctl.recording.tape
from postproc.timetags.formats.sealed import RecordingKey
from qkdctl.errors import RecordingError
from qkdctl.recording.records import Drew, Record, Took
from qkdctl.recording.tape import HEAD_BYTES, LENGTH_BYTES, MAGIC, Last, Tape, TapeReader

KEY = RecordingKey(bytes(range(32)))
RECORDS = [Took(b"%d" % i * 20) for i in range(5)] + [Drew("verify", 3, b"secret")]


def written(folder, records=RECORDS):
    with Tape(folder, "stages-0", KEY) as tape:
        for record in records:
            tape.write(record)
    return folder / "stages-0.000001.tape"


def read(folder, key=KEY):
    return [record for _, record in TapeReader(folder, "stages-0", key).records(Record)]


def test_what_was_written_comes_back(tmp_path):
    path = written(tmp_path)
    assert read(tmp_path) == [*RECORDS, Last()]
    assert b"secret" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0


def test_any_record_can_be_read_again(tmp_path):
    written(tmp_path)
    reader = TapeReader(tmp_path, "stages-0", KEY)
    for place, record in list(reader.records(Record)):
        assert reader.record(place, Record) == record


@settings(max_examples=60)
@given(st.data())
def test_a_tape_cut_short_anywhere_gives_what_is_whole(tmp_path_factory, data):
    path = written(tmp_path_factory.mktemp("tape"))
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    found = read(path.parent)
    assert found == RECORDS[: len(found)]


@settings(max_examples=60)
@given(st.data())
def test_a_bit_turned_over_anywhere_is_noticed(tmp_path_factory, data):
    path = written(tmp_path_factory.mktemp("tape"))
    spoilt = bytearray(path.read_bytes())
    spoilt[data.draw(st.integers(0, len(spoilt) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(spoilt)
    try:
        found = read(path.parent)
    except RecordingError:
        return
    # A length that lies makes the rest unreadable, as a crash does; what is read is true.
    assert found == RECORDS[: len(found)]


def test_another_key_opens_nothing(tmp_path):
    written(tmp_path)
    with pytest.raises(RecordingError, match="the key is another recording's"):
        read(tmp_path, RecordingKey(bytes(32)))


def test_files_cannot_change_places(tmp_path, monkeypatch):
    monkeypatch.setattr(qkdctl.recording.tape, "FILE_BYTES", 100)
    written(tmp_path)
    one, two = tmp_path / "stages-0.000001.tape", tmp_path / "stages-0.000002.tape"
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    with pytest.raises(RecordingError, match="damaged"):
        read(tmp_path)


def row(folder, monkeypatch):
    """A tape of four files: two records in each, and its end in the last."""
    monkeypatch.setattr(qkdctl.recording.tape, "FILE_BYTES", 140)
    written(folder)
    paths = sorted(folder.glob("*.tape"))
    assert len(paths) == 4
    return paths


def cut_off(path, records):
    """Cut the last records off a file."""
    data, places, start = path.read_bytes(), [], HEAD_BYTES
    while start < len(data):
        places.append(start)
        start += LENGTH_BYTES + int.from_bytes(data[start : start + LENGTH_BYTES], "little")
    path.write_bytes(data[: places[-records]])


@pytest.mark.parametrize("records", [1, 2])
def test_a_file_within_a_tape_has_its_end(tmp_path, monkeypatch, records):
    """The last file may be cut short by a crash; no other was."""
    one, *_ = row(tmp_path, monkeypatch)
    cut_off(one, records)
    with pytest.raises(RecordingError, match=r"000001\.tape: ends before its end"):
        read(tmp_path)


@pytest.mark.parametrize("length", range(HEAD_BYTES))
def test_a_last_file_that_has_hardly_begun(tmp_path, monkeypatch, length):
    *_, last = row(tmp_path, monkeypatch)
    last.write_bytes(last.read_bytes()[:length])
    assert read(tmp_path) == RECORDS


def test_a_file_of_another_tape_of_the_same_name_is_no_part(tmp_path, monkeypatch):
    _, two, *_ = row(tmp_path / "alice", monkeypatch)
    _, other, *_ = row(tmp_path / "bob", monkeypatch)
    two.write_bytes(other.read_bytes())
    with pytest.raises(RecordingError, match=r"000002\.tape: record 0 is damaged, or the key is another"):
        read(tmp_path / "alice")


def test_a_tape_of_a_version_before(tmp_path):
    path = written(tmp_path)
    path.write_bytes(path.read_bytes().replace(MAGIC, b"qkdctl tape 1\n\n\n"))
    with pytest.raises(RecordingError, match="use the qkdctl that wrote it"):
        read(tmp_path)


def test_a_ring_forgets_the_oldest_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(qkdctl.recording.tape, "FILE_BYTES", 2000)
    folder = tmp_path / "000001"
    with Tape(folder, "stages-0", KEY, keep_bytes=10_000) as tape:
        for i in range(500):
            tape.write(Took(b"%d" % i * 20))
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert 5_000 < size <= 10_000
    with pytest.raises(RecordingError, match="the ring has forgotten it"):
        read(folder)


def test_what_another_process_has_forgotten_first_is_no_trouble(tmp_path, monkeypatch):
    """The processes of a node share a ring, and each makes room in it."""
    monkeypatch.setattr(qkdctl.recording.tape, "FILE_BYTES", 100)
    gone, found = tmp_path / "000000" / "stages-1.000001.tape", Path.glob
    monkeypatch.setattr(Path, "glob", lambda self, pattern: [gone, *found(self, pattern)])
    with Tape(tmp_path / "000001", "stages-0", KEY, keep_bytes=500) as tape:
        for record in RECORDS:
            tape.write(record)


def test_no_tape(tmp_path):
    with pytest.raises(RecordingError, match="holds no tape"):
        read(tmp_path)
    (tmp_path / "stages-0.000001.tape").write_bytes(b"something else")
    with pytest.raises(RecordingError, match="is no tape"):
        read(tmp_path)
