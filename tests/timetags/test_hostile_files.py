"""Any bytes at all give a recording or one sentence, in bounded memory and time."""

from __future__ import annotations

import gzip
import subprocess
import sys
import tracemalloc
import zlib
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


READ = """
import sys
from postproc.errors import InputError
from postproc.timetags.recording import open_recording


def most_kib():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))


with open_recording(sys.argv[1]) as recording:
    before = most_kib()
    try:
        list(recording.chunks())
    except InputError as error:
        print(most_kib() - before, error)
"""


def one_chunk(path: Path, compressed: bytes) -> Path:
    """A recording of 4096 states in one HDF5 chunk, which inflates to anything."""
    write_recording(path, [StateChunk(0, np.zeros(4096, np.uint8))], StateHeader(slot_period_ps=5))
    with h5py.File(path, "r+") as file:
        del file["states"]
        states = file.create_dataset("states", (4096,), np.uint8, chunks=(4096,), compression="gzip")
        states.id.write_direct_chunk((0,), compressed)
    return path


def test_a_chunk_that_inflates_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = one_chunk(tmp_path / "bomb.h5", zlib.compress(bytes(2**26)))
    read = subprocess.run([sys.executable, "-c", READ, path], capture_output=True, text=True, check=True)
    grown_kib, _, complaint = read.stdout.partition(" ")
    assert int(grown_kib) < 2**14
    assert "'states' has an HDF5 chunk that does not inflate to 4096 bytes" in complaint


@pytest.mark.parametrize("length", [0, 1, 4095, 4097])
def test_every_chunk_is_as_long_as_it_must_be(tmp_path: Path, length: int) -> None:
    path = one_chunk(tmp_path / "states.h5", zlib.compress(bytes(length)))
    with open_recording(path) as recording, pytest.raises(InputError, match="not inflate to 4096 bytes"):
        list(recording.chunks())


@pytest.mark.parametrize("stored", [bytes(8), bytes(8192)])
def test_a_chunk_that_is_not_deflated_is_as_long_as_it_must_be(tmp_path: Path, stored: bytes) -> None:
    """HDF5 would give what lies in the memory behind it; the checksum of zeros is zero."""
    path = one_chunk(tmp_path / "states.h5", b"anything")
    with h5py.File(path, "r+") as file:
        del file["states"]
        states = file.create_dataset("states", (4096,), np.uint8, chunks=(4096,), fletcher32=True)
        states.id.write_direct_chunk((0,), stored)
    with open_recording(path) as recording, pytest.raises(InputError, match="stored in"):
        list(recording.chunks())


def test_a_chunk_that_deflate_would_not_make_shorter(tmp_path: Path) -> None:
    """HDF5 keeps it as it is, and marks it so."""
    path = one_chunk(tmp_path / "states.h5", b"anything")
    with h5py.File(path, "r+") as file:
        file["states"].id.write_direct_chunk((0,), bytes(range(16)) * 256, filter_mask=1)
    with open_recording(path) as recording:
        (chunk,) = recording.chunks()
    assert chunk.states.tolist() == list(range(16)) * 256


@pytest.mark.parametrize("order", [("deflate", "deflate"), ("deflate", "shuffle"), ("fletcher32", "deflate")])
def test_filters_in_another_order_are_refused(tmp_path: Path, order: tuple[str, ...]) -> None:
    """What is deflated twice inflates a million times."""
    path = one_chunk(tmp_path / "states.h5", b"anything")
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((4096,))
    for name in order:
        getattr(plan, f"set_{name}")(*[1] * (name == "deflate"))
    with h5py.File(path, "r+") as file:
        del file["states"]
        h5py.h5d.create(file.id, b"states", h5py.h5t.STD_U8LE, h5py.h5s.create_simple((4096,)), plan)
        file["states"][:] = 0
    with pytest.raises(InputError, match="HDF5 filters are in another order"):
        open_recording(path)


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
