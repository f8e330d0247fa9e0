"""Instruments' own files: every record type, what they cannot say, and what they say of themselves."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc.errors import InputError
from postproc.reference.records import decode_t2
from postproc.timetags.convert import convert
from postproc.timetags.formats.choice import Form
from postproc.timetags.recording import open_tags
from postproc.timetags.types import Gap, TagChunk
from tests.timetags.instruments import (
    PICOHARP_T2,
    PICOHARP_T3,
    T2_TYPES,
    T3_TYPES,
    picoharp_t2,
    picoharp_t3,
    ptu,
    qutag,
    sfifteen,
    sfifteen_file,
    swabian,
    t2,
    t3,
)
from tests.timetags.recordings import joined


def read(path: Path, data: bytes, form: Form | None = None) -> TagChunk:
    path.write_bytes(data)
    with open_tags(path, form=form) as recording:
        return joined(recording.chunks())


def tags(chunk: TagChunk) -> list[tuple[int, int]]:
    return list(zip(chunk.time_ps.tolist(), chunk.channel.tolist(), strict=True))


@pytest.mark.parametrize("name", T2_TYPES)
@settings(max_examples=30)
@given(data=st.data())
def test_ptu_t2(tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject) -> None:
    kind, wrap, counted = T2_TYPES[name]
    clicks = st.builds(t2, st.integers(0, 62), st.integers(0, 2**25 - 1))
    marks = st.builds(t2, st.integers(0, 15), st.integers(0, 2**25 - 1), st.just(1))
    wraps = st.builds(t2, st.just(63), st.integers(0, 3), st.just(1))
    records = data.draw(st.lists(clicks | marks | wraps, min_size=1, max_size=80))
    times, channels, _ = decode_t2(records, 0, wrap=wrap, counted=counted, tick=5)
    path = tmp_path_factory.getbasetemp() / "t2.ptu"
    path.write_bytes(ptu(records, kind))
    with open_tags(path) as recording:
        assert recording.format == f"PTU {name} T2"
        found = [pair for block in recording.blocks() for pair in tags(block)]  # type: ignore[arg-type]
        assert found == list(zip(times, channels, strict=True))
        if found:
            assert sum(recording.info.counts.values()) == sum(channel < 128 for channel in channels)
            assert sum(recording.info.markers.values()) == sum(channel > 128 for channel in channels)
            assert recording.info.wraps == len(records) - len(times)


@pytest.mark.parametrize("name", T3_TYPES)
def test_ptu_t3(tmp_path: Path, name: str) -> None:
    kind, counted = T3_TYPES[name]
    records = [
        t3(0, 7, 1),
        t3(2, 32767, 3),
        t3(63, 0, 2, 1),
        t3(4, 0, 5, 1),
        t3(63, 0, 0, 1),
        t3(63, 9, 1023),
    ]
    chunk = read(tmp_path / "t3.ptu", ptu(records, kind, 12.5e-9, 4e-12))
    syncs = [1, 3, 1024 * (2 if counted else 1) + 5, 1024 * (3 if counted else 2) + 1023]
    times = [12500 * sync + 4 * fine for sync, fine in zip(syncs, [7, 32767, 0, 9], strict=True)]
    assert tags(chunk) == list(zip(times, [1, 3, 132, 64], strict=True))


def test_picoharp_300(tmp_path: Path) -> None:
    wrap = 210_698_240
    records = [
        picoharp_t2(0, 9),
        picoharp_t2(4, 10),
        picoharp_t2(15, 16),
        picoharp_t2(1, 2),
        picoharp_t2(15, 35),
    ]
    chunk = read(tmp_path / "t2.ptu", ptu(records, PICOHARP_T2, 4e-12))
    assert tags(chunk) == [(36, 0), (40, 4), (4 * wrap + 8, 1), (4 * wrap + 140, 131)]
    records = [picoharp_t3(1, 4095, 2), picoharp_t3(15, 0, 9), picoharp_t3(15, 3, 1), picoharp_t3(4, 0, 2)]
    chunk = read(tmp_path / "t3.ptu", ptu(records, PICOHARP_T3, 1e-7, 4e-12))
    assert tags(chunk) == [(200_000 + 16380, 1), (65537 * 100_000, 131), (65538 * 100_000, 4)]


def test_ptufile_reads_the_same(tmp_path: Path) -> None:
    """Its channels count from 0 and it has the sync input as 0 too; times and kinds must agree."""
    ptufile = pytest.importorskip("ptufile")
    random = np.random.default_rng(1)
    for kind in [kind for kind, *_ in T2_TYPES.values()]:
        records = (random.integers(0, 8, 3000) << 25 | np.sort(random.integers(0, 2**25, 3000))).astype(int)
        records[::50] = t2(63, 2, 1)
        (tmp_path / "a.ptu").write_bytes(ptu(records.tolist(), kind))
        with ptufile.PtuFile(tmp_path / "a.ptu") as peer:
            theirs = peer.decode_records()
        with open_tags(tmp_path / "a.ptu") as recording:
            (block,) = recording.blocks()
        photons = theirs[theirs["channel"] >= 0]
        assert (block.time_ps == 5 * photons["time"].astype(np.int64)).all()
        assert (block.channel == photons["channel"] + 1).all()


def test_what_a_ptu_says_of_itself(tmp_path: Path) -> None:
    (tmp_path / "a.ptu").write_bytes(ptu([t2(1, 5), t2(0, 9, 1), t2(3, 11, 1)], 0x00010207, 80e-12, count=0))
    with open_tags(tmp_path / "a.ptu") as recording:
        info = recording.info
    assert (info.counts, info.markers) == ({0: 1, 2: 1}, {131: 1})
    assert (info.resolution_ps, info.start_ps, info.stop_ps) == (80, 400, 881)
    assert info.metadata == {"File_Comment": "a comment", "HW_Type": "Harp"}
    assert (info.channels[0], info.channels[4], info.channels[130]) == ("sync", "input 4", "marker 2")


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (ptu([1, 2, 3], 0x00010207)[:-1], "cut short"),
        (ptu([1, 2, 3], 0x00010207, count=4), "cut short"),
        (ptu([1, 2, 3], 0x00010207)[:400], "its head has no end"),
        (ptu([1], 0x00010299), "records of type 0x00010299; expected one of 0x10203"),
        (ptu([1], 0x00010207, tick_s=0.0), "MeasDesc_GlobalResolution must be a time in seconds, got 0.0"),
        (ptu([1], 0x00010207, tick_s=float("nan")), "MeasDesc_GlobalResolution must be"),
        (ptu([1], 0x00010307), "MeasDesc_Resolution must be"),
        (ptu([1], 0x00010207, count=-1), "claims -1 records"),
        (ptu([t2(40, 1, 1)], 0x00010207), "records of no known kind"),
        (ptu([t3(0, 0, 0, 1)], 0x00010307, fine_s=1e-12), "records of no known kind"),
        (ptu([t2(63, 2**25 - 1, 1)] * 900, 0x00010207, 1e-9), "run beyond 53 days"),
        (
            b"PQTTTR\0\x001.0.00\0\0" + struct.pack("<32siI8s", b"x", -1, 5, bytes(8)),
            "unknown type 0x00000005",
        ),
        (
            b"PQTTTR\0\x001.0.00\0\0" + struct.pack("<32siIq", b"x", -1, 0x4001FFFF, 2**40),
            "claims 1099511627776 bytes",
        ),
        (b"PQHISTO\0", "a PicoQuant histogram"),
        (swabian((0, 0, 1, 5), (0, 0, 1, 2**63 - 1)), "beyond"),
        (swabian((0, 0, 1, 5), (0, 0, 1, 7)) + b"x", "cut short"),
    ],
)
def test_bad_files_get_one_sentence(tmp_path: Path, data: bytes, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint) as caught:
        read(tmp_path / "bad", data)
    assert str(tmp_path / "bad") in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("form", ["a0", "a0x", "a1", "a1x", "a2"])
def test_sfifteen(tmp_path: Path, form: Form) -> None:
    units = [2**53 + 1000 * k for k in range(20)]
    events = sfifteen(units, [1, 8, 4, 2, 9] + [0] + [1] * 14, [0] * 5 + [1] + [0] * 14)
    (tmp_path / "card").write_bytes(sfifteen_file(events, form))
    with open_tags(tmp_path / "card") as recording:
        assert recording.format == f"S-Fifteen {form}"
        assert recording.info.wraps == 1
        found = tags(joined(recording.chunks()))
    start = 2**53 * 1000 // 256
    assert [time - start for time, _ in found[:6]] == [0, 3906, 7813, 11719, 15625, 15625]
    assert [channel for _, channel in found[:6]] == [1, 4, 3, 2, 1, 4]
    assert len(found) == 20


def test_the_cards_of_fpfind(sfifteen_files: Path) -> None:
    """Its own tool counts 862 events on channels 1 and 4 in 33.695816 ms; the files have the same events."""
    found = {}
    for path in sorted(sfifteen_files.glob("*c14_rollover*")):
        with open_tags(path) as recording:
            info, found[path] = recording.info, tags(joined(recording.chunks()))
        assert (info.counts, info.wraps, info.out_of_order) == ({1: 431, 4: 431}, 138, 4)
        assert info.duration_s == pytest.approx(0.033695816, abs=1e-9)
        assert recording.disorder.longest_ps == 96_969_133
    assert len(found) == 3
    assert len({tuple(value) for value in found.values()}) == 1
    with open_tags(next(sfifteen_files.glob("*c1234*"))) as recording:
        assert sum(recording.info.counts.values()) == 2000 + 12, "twelve events rose on two inputs"
        assert recording.info.duration_s == pytest.approx(0.935013e-3, rel=1e-6)


def test_swabian(tmp_path: Path) -> None:
    chunk = read(
        tmp_path / "swabian",
        swabian(
            (0, 0, 1, -5), (0, 0, -2, 10), (2, 0, 0, 20), (4, 7, 1, 30), (4, 5, 2, 30), (3, 0, 0, 40),
            (0, 0, 18, 41), (1, 0, 0, 50), (4, 3, 1, 60), (0, 0, 1, 70),
        ),
    )  # fmt: skip
    assert tags(chunk) == [(-5, 1), (10, 130), (41, 18), (70, 1)]
    assert chunk.gaps == (Gap(20, 40, "overflow", 12), Gap(50, 50, "unknown"), Gap(60, 60, "overflow", 3))


def test_an_overflow_without_end_lasts(tmp_path: Path) -> None:
    chunk = read(tmp_path / "a", swabian((0, 0, 1, 1), (2, 0, 0, 20), (0, 0, 1, 30), (0, 0, 1, 35)))
    assert chunk.gaps == (Gap(20, 35, "overflow"),)


def test_an_overflow_over_many_portions_is_one_gap(tmp_path: Path) -> None:
    times = [(0, 0, 1, 1000 * k) for k in range(300_000)]
    data = swabian((2, 0, 0, 0), *times, (3, 0, 0, 10**9), (0, 0, 1, 2 * 10**9))
    assert read(tmp_path / "a", data).gaps == (Gap(0, 10**9, "overflow"),)


def test_qutag(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(qutag(*((100 * k, k % 4) for k in range(20)), (2000, 104)))
    with open_tags(tmp_path / "a") as recording:
        info = recording.info
    assert (info.counts, info.markers, info.assumed_tick_ps) == (dict.fromkeys(range(4), 5), {104: 1}, 1.0)
    with open_tags(tmp_path / "a", tick_ps="81") as recording:
        assert recording.info.stop_ps == 81 * 2000 + 1


def test_id900(tmp_path: Path) -> None:
    chunk = read(tmp_path / "a", struct.pack("<20Q", *range(10**15, 10**15 + 2000, 100)))
    assert tags(chunk) == [(time, 0) for time in range(10**15, 10**15 + 2000, 100)]


@pytest.mark.parametrize("form", ["ptu", "a0", "a0x", "a1", "a1x", "a2", "swabian", "qutag", "id900"])
def test_what_is_written_is_recognised_and_comes_back(tmp_path: Path, form: Form) -> None:
    random = np.random.default_rng(5)
    time = np.cumsum(random.integers(1, 10**8, 3000)) * 125 // 32 * 32
    channel = np.zeros(3000, int) if form == "id900" else random.integers(1, 5, 3000)
    lines = [f"{t} {c}\n" for t, c in zip(time.tolist(), channel.tolist(), strict=True)]
    (tmp_path / "a.txt").write_text("# qkdctl tags: time_ps channel\n" + "".join(lines))
    convert(tmp_path / "a.txt", tmp_path / "b", to=form)
    with open_tags(tmp_path / "b") as recording:
        chunk = joined(recording.chunks())
    assert (np.abs(chunk.time_ps - time) <= (2 if form.startswith("a") else 0)).all()
    assert (chunk.channel == channel).all()


@pytest.mark.parametrize("form", ["ptu", "a1", "qutag", "id900"])
def test_a_gap_is_not_dropped_on_the_way(tmp_path: Path, form: Form) -> None:
    (tmp_path / "a.txt").write_text("# qkdctl tags: time_ps channel\n5 1\n# gap: 7 8 dropped\n9 1\n")
    with pytest.raises(InputError, match="has a gap at 7 ps, and such files cannot say so"):
        convert(tmp_path / "a.txt", tmp_path / "b", to=form)
    convert(tmp_path / "a.txt", tmp_path / "c", to="swabian")
    with open_tags(tmp_path / "c") as recording:
        assert recording.info.gaps == (Gap(7, 8, "overflow"),)


@pytest.mark.parametrize(
    ("form", "line", "complaint"),
    [
        ("ptu", "5 65", "channels 0 to 64"), ("ptu", "-5 1", "no times before 0"),
        ("a1", "5 0", "inputs 1 to 4, not 0"), ("a1", "-5 1", "from 0 to 19 hours"),
        ("id900", "5 1\n6 2", "one channel, not 1 and 2"), ("id900", "-5 1", "no times before 0"),
        ("ptu", f"5 1\n{10**16} 1", "more than 18 minutes apart"),
    ],
)  # fmt: skip
def test_what_a_format_cannot_hold_is_refused(tmp_path: Path, form: Form, line: str, complaint: str) -> None:
    (tmp_path / "a.txt").write_text(f"# qkdctl tags: time_ps channel\n{line}\n")
    with pytest.raises(InputError, match=complaint):
        convert(tmp_path / "a.txt", tmp_path / "b", to=form)
    assert not (tmp_path / "b").exists()
