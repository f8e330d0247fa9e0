"""Any bytes at all give a recording or one sentence, in bounded memory and time."""

from __future__ import annotations

import gzip
import tracemalloc
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc.errors import InputError
from postproc.timetags.formats.choice import FORMS, Form
from postproc.timetags.header import StateHeader, TagHeader
from postproc.timetags.recording import open_recording
from postproc.timetags.types import Gap, StateChunk, TagChunk
from postproc.timetags.writing import write_recording
from tests.timetags.version1 import write_version1

_CHUNK = TagChunk(
    0, 10**6, np.arange(300, dtype=np.int64) * 9, np.arange(300).astype(np.uint8), (Gap(5, 9, "overflow", 2),)
)
_ONE_CHANNEL = TagChunk(0, 10**9, np.arange(300, dtype=np.int64) * 125 * 997, np.ones(300, np.uint8))
INSTRUMENTS: tuple[Form, ...] = FORMS[3:]
_HEADER = TagHeader(resolution_ps=1.0, channels={0: "key0"}, metadata={"origin": "test"})


def _old_hdf5(path: Path) -> None:
    """Our layout in the oldest version of HDF5, where no checksum of the structure stops a mutation."""
    write_version1(path, _CHUNK, _HEADER)
    with h5py.File(path) as new, h5py.File(path.with_suffix(".old"), "w", libver="earliest") as old:
        for group in ("/", "/gaps"):
            for name, value in new[group].attrs.items():
                old.require_group(group).attrs.create(name, value, dtype=new[group].attrs.get_id(name).dtype)
        for name in ("time_delta_ps", "channel", *(f"gaps/{column}" for column in new["gaps"])):
            column = new[name]
            old.create_dataset(
                name, data=column[:], chunks=column.chunks, maxshape=(None,), compression="gzip"
            )
    path.with_suffix(".old").replace(path)


@pytest.fixture(scope="module")
def valid_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("valid")
    for name in ("tags.h5", "tags.txt", "tags.txt.gz"):
        write_recording(folder / name, [_CHUNK], _HEADER)
    write_recording(
        folder / "states.h5",
        [StateChunk(0, np.arange(300, dtype=np.uint8) % 16)],
        StateHeader(slot_period_ps=5),
    )
    _old_hdf5(folder / "old.h5")
    for form in INSTRUMENTS:
        write_recording(folder / form, [_ONE_CHANNEL], _HEADER, to=form)
    (folder / "columns.txt").write_text("".join(f"{n % 8} {n * 100}\n" for n in range(300)))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def mutate(data: bytes, edits: list[tuple[str, float, bytes]]) -> bytes:
    """Overwrite, insert, delete and cut at places given as fractions of the length."""
    result = bytearray(data)
    for how, where, what in edits:
        place = int(where * len(result))
        if how == "overwrite":
            result[place : place + len(what)] = what
        elif how == "insert":
            result[place:place] = what
        elif how == "delete":
            del result[place : place + len(what)]
        elif how == "flip" and place < len(result):
            result[place] ^= 1 << (what[0] & 7)
        elif how == "cut":
            del result[place:]
    return bytes(result)


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["overwrite", "insert", "delete", "flip", "flip", "flip", "cut"]),
        st.floats(0, 1),
        st.binary(min_size=1, max_size=12)
        | st.sampled_from([b"\xff" * 8, b"\x00" * 8, b"\n", b"#", b"-", b"9" * 30]),
    ),
    min_size=1,
    max_size=4,
)


def survives(path: Path, data: bytes, form: Form | None = None) -> None:
    path.write_bytes(data)
    complaint = None
    try:
        with open_recording(path, form=form) as recording:
            info = recording.info
            found = sum(len(chunk) for chunk in recording.chunks())
    except InputError as error:
        complaint = str(error)
    if complaint is not None:
        assert str(path) in complaint
        assert "\n" not in complaint
        assert len(complaint) < len(str(path)) + 300
    else:
        tags = sum(info.counts.values()) + sum(info.markers.values())
        assert found == (tags if info.kind == "tags" else info.n_slots)


@pytest.mark.parametrize("name", ["tags.h5", "old.h5", "states.h5", "tags.txt", "tags.txt.gz", "columns.txt"])
def test_a_damaged_file_gives_one_sentence_or_a_recording(
    tmp_path: Path, valid_files: dict[str, bytes], name: str
) -> None:
    @settings(max_examples=150)
    @given(EDITS)
    def damage(edits: list[tuple[str, float, bytes]]) -> None:
        survives(tmp_path / "damaged", mutate(valid_files[name], edits))

    damage()


@pytest.mark.parametrize("form", INSTRUMENTS)
def test_a_damaged_file_of_an_instrument_gives_one_sentence_or_a_recording(
    tmp_path: Path, valid_files: dict[str, bytes], form: Form
) -> None:
    @settings(max_examples=100)
    @given(EDITS, st.booleans())
    def damage(edits: list[tuple[str, float, bytes]], named: bool) -> None:
        survives(tmp_path / "damaged", mutate(valid_files[form], edits), form if named else None)

    damage()


@pytest.mark.parametrize("form", INSTRUMENTS)
@settings(max_examples=60)
@given(data=st.binary(min_size=1, max_size=400))
def test_any_bytes_under_any_name(tmp_path_factory: pytest.TempPathFactory, form: Form, data: bytes) -> None:
    head = b"PQTTTR\0\x001.0.00\0\0" if form == "ptu" else b""
    survives(tmp_path_factory.getbasetemp() / "any", head + data, form)


@pytest.mark.parametrize("name", ["tags.h5", "states.h5", "tags.txt.gz"])
def test_no_cut_goes_unnoticed(tmp_path: Path, valid_files: dict[str, bytes], name: str) -> None:
    data = valid_files[name]
    for length in [*range(0, len(data), max(1, len(data) // 60)), len(data) - 1]:
        (tmp_path / "cut").write_bytes(data[:length])
        with pytest.raises(InputError):
            list(open_recording(tmp_path / "cut").chunks())


def test_no_flipped_bit_changes_the_tags_unnoticed(tmp_path: Path, valid_files: dict[str, bytes]) -> None:
    random = np.random.default_rng(1)
    for place in random.integers(0, len(valid_files["tags.h5"]), 150).tolist():
        data = mutate(
            valid_files["tags.h5"], [("flip", place / len(valid_files["tags.h5"]), bytes([place & 7]))]
        )
        (tmp_path / "flipped").write_bytes(data)
        try:
            with open_recording(tmp_path / "flipped") as recording:
                (chunk,) = recording.chunks()
        except InputError:
            continue
        assert isinstance(chunk, TagChunk)
        assert np.array_equal(chunk.time_ps, _CHUNK.time_ps)
        assert np.array_equal(chunk.channel, _CHUNK.channel)


@given(st.binary(max_size=300))
def test_any_bytes_give_one_sentence_or_a_recording(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    survives(tmp_path_factory.getbasetemp() / "any", data)


@given(st.text("0123456789 -#\n", max_size=200))
def test_any_numbers_give_one_sentence_or_a_recording(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    survives(tmp_path_factory.getbasetemp() / "any", text.encode())


@pytest.mark.parametrize("line", [b"0" * 2**24, b"1 1\n" * 2**22, b"# gap: 1 1 unknown\n" * 2**20])
def test_a_gzip_bomb_does_not_fill_the_memory(tmp_path: Path, line: bytes) -> None:
    with gzip.open(tmp_path / "bomb", "wb", compresslevel=1) as bomb:
        bomb.write(b"# qkdctl tags: time_ps channel\n")
        for _ in range(4):
            bomb.write(line)
    tracemalloc.start()
    with pytest.raises(InputError):
        list(open_recording(tmp_path / "bomb").chunks())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 * 2**20


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = []
    for size in (2, 8):
        chunks = (
            TagChunk(k * 10**6, (k + 1) * 10**6, np.arange(2**17) + k * 10**6, np.zeros(2**17, np.uint8))
            for k in range(size)
        )
        write_recording(tmp_path / "tags.h5", chunks, TagHeader())
        tracemalloc.start()
        tags = sum(len(chunk) for chunk in open_recording(tmp_path / "tags.h5").chunks(2**16))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert tags == size * 2**17
    assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.parametrize("form", ["a1", "a0", "id900", "swabian", "qutag", "ptu"])
def test_an_instruments_file_does_not_fill_the_memory(tmp_path: Path, form: Form) -> None:
    """Tens of megabytes of the same few records behind a sound beginning, all at one instant or out of order."""
    write_recording(tmp_path / "head", [_ONE_CHANNEL], TagHeader(), to=form)
    with gzip.open(tmp_path / "bomb", "wb", compresslevel=1) as bomb:
        bomb.write((tmp_path / "head").read_bytes())
        for _ in range(60):
            bomb.write((tmp_path / "head").read_bytes()[-16:] * 2**16)
    tracemalloc.start()
    with suppress(InputError), open_recording(tmp_path / "bomb", form=form) as recording:
        assert recording.info.start_ps < 10**9
        list(recording.chunks())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 * 2**20
