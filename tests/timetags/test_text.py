from __future__ import annotations

import gzip
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.errors import InputError
from postproc.timetags.formats import text_reader
from postproc.timetags.recording import open_recording, open_tags
from postproc.timetags.types import Gap
from tests.timetags.recordings import joined

OWN = "# qkdctl tags: time_ps channel\n"


@pytest.fixture
def text(tmp_path: Path):  # type: ignore[no-untyped-def]
    def write(content: str | bytes, name: str = "tags.txt") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def read(path: Path, **options: object) -> list[tuple[int, int]]:
    whole = joined(open_tags(path, **options).chunks())  # type: ignore[arg-type]
    return list(zip(whole.time_ps.tolist(), whole.channel.tolist(), strict=True))


def test_the_documented_example_reads_as_documented(text) -> None:  # type: ignore[no-untyped-def]
    example = text_reader.__doc__.split("Own form::")[1].split("The first line")[0]  # type: ignore[union-attr]
    path = text("\n".join(line.strip() for line in example.strip().splitlines()))
    recording = open_recording(path)
    assert read(path) == [(1204, 0), (4711, 3)]
    assert recording.info.gaps == (Gap(5000, 7999, "overflow", 12),)
    assert (recording.info.start_ps, recording.info.stop_ps) == (0, 1_000_000)
    assert recording.info.channels == {0: "key0"}
    assert recording.info.overflows == 1
    assert recording.info.assumed_tick_ps is None


@pytest.mark.parametrize(
    "content", [OWN + "-7 1\n12 0\n", OWN + "-7,1\r\n\r\n12;0", "\ufeff" + OWN + " -7\t1\n#hm\n12 0 \n"]
)
def test_own_form_bears_other_peoples_habits(text, content: str) -> None:  # type: ignore[no-untyped-def]
    assert read(text(content)) == [(-7, 1), (12, 0)]


def test_headerless_form_assumes_its_tick_and_says_so(text) -> None:  # type: ignore[no-untyped-def]
    path = text("4 0\n5 1541\n255 6485\n")
    assert read(path) == [(0, 4), (120391, 5), (506641, 255)]  # 1541 * 78.125 = 120390.625
    info = open_recording(path).info
    assert info.assumed_tick_ps == 78.125
    assert info.resolution_ps == 78.125


@given(
    tick=st.fractions(min_value="1e-3", max_value=10**6, max_denominator=10**6), time=st.integers(0, 10**12)
)
def test_headerless_form_takes_any_tick(
    tmp_path_factory: pytest.TempPathFactory, tick: Fraction, time: int
) -> None:
    path = tmp_path_factory.mktemp("tick") / "tags"
    path.write_text(f"1 {time}\n")
    expected = (2 * time * tick.numerator + tick.denominator) // (2 * tick.denominator)
    assert read(path, tick_ps=tick) == [(expected, 1)]
    assert open_recording(path, tick_ps=tick).info.assumed_tick_ps is None


def test_gzip_is_seen_through_whatever_the_name(text) -> None:  # type: ignore[no-untyped-def]
    assert read(text(gzip.compress(b"1 8\n2 16\n"), "odd.name")) == [(625, 1), (1250, 2)]


@pytest.mark.parametrize("line_bytes", [8, 100, 900])
def test_pieces_do_not_show(
    text,
    monkeypatch: pytest.MonkeyPatch,
    line_bytes: int,  # type: ignore[no-untyped-def]
) -> None:
    lines = [f"{t:0{line_bytes % 19}} {t % 7}" for t in range(0, 3000, 3)]
    lines.insert(500, "# gap: 1499 1499 dropped")
    path = text(OWN + "\n".join(lines))
    before, info = read(path), open_recording(path).info
    monkeypatch.setattr(text_reader, "_PIECE_BYTES", line_bytes)
    assert read(path) == before == [(t, t % 7) for t in range(0, 3000, 3)]
    assert open_recording(path).info == info


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("1 2\n3 four\n", r"line 2: expected 'channel tick', but expected two whole numbers: '3 four'"),
        (OWN + "1 2\n\n1.5 3\n", "line 4: expected 'time_ps channel'"),
        (OWN + "1\n", "line 2"),
        (OWN + "1 256\n", "line 2: expected a channel from 0 to 255, got 256"),
        (OWN + "1 1\n\n#x\n2 -1\n", "line 5: expected a channel from 0 to 255, got -1"),
        (OWN + f"{2**62} 1\n", "line 2: expected a time within ±53 days"),
        ("1 99999999999999999999\n", "line 1: .*more than 19 digits"),
        (f"0 0\n1 {2**61}\n", "line 2: expected a time within ±53 days"),
        ("hello world\n", "line 1"),
        (OWN + "5 1\n4 1\n", "tag 1 .counted from 0. at 4 ps is earlier"),
        (OWN, "no time tags"),
        ("# nothing\n", "no time tags"),
        ("", "is empty"),
        (
            "# qkdctl tags: time_ns channel\n1 2\n",
            "expected '# qkdctl tags: time_ps channel', got '# qkdctl tags: time_ns",
        ),
        (OWN + "# gap: 1 2 sabotage\n1 1\n", "line 2: '# gap:' needs 'first_ps last_ps reason .lost.'"),
        (OWN + "1 1\n# gap: 1\n", "line 3: '# gap:'"),
        (OWN + "# gap: 5 2 dropped\n1 1\n", "gap from 5 to 2 ps"),
        (OWN + "# start_ps: soon\n1 1\n", "line 2: '# start_ps:' needs a whole number of ps, got 'soon'"),
        (OWN + f"# stop_ps: {2**62}\n1 1\n", "line 2: '# stop_ps:'"),
        (OWN + "# resolution_ps: -1\n1 1\n", "line 2: '# resolution_ps:' needs a positive number"),
        (OWN + "# resolution_ps: nan\n1 1\n", "line 2: '# resolution_ps:' needs a positive number"),
        (OWN + "# channels: {0: 1}\n1 1\n", "line 2: '# channels:' needs a JSON object"),
        (OWN + "# metadata: [" + "[" * 5000 + "\n1 1\n", "line 2: '# metadata:' needs a JSON object"),
        (gzip.compress(b"1 1\n" * 9999)[:-20], "cut short"),
        (gzip.compress(b"1 1\n" * 9999)[:-8] + b"x" * 8, "damaged gzip"),
        (b"\x1f\x8bno gzip at all", "damaged gzip"),
        (gzip.compress(b""), "is empty"),
        ("1 1\x00\n", "neither an HDF5 recording nor text"),
        (bytes(range(256)), "neither an HDF5 recording nor text"),
        (b"PQTTTR\0\0", "damaged PTU file: its head has no end"),
        ("1 " + "1" * 3_000_000, "line 1: the line is longer than a megabyte"),
        ("1 1\n" * 400_000, "more than 65536 tags at 78 ps"),
    ],
)
def test_bad_text_gets_one_sentence(text, content: str | bytes, complaint: str) -> None:  # type: ignore[no-untyped-def]
    path = text(content)
    with pytest.raises(InputError, match=complaint) as caught:
        list(open_tags(path).chunks())
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < len(str(path)) + 200


def test_a_unit_that_is_stated_is_not_overruled(text) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match="states its own unit"):
        open_recording(text(OWN + "1 1\n"), tick_ps=5)


@pytest.mark.parametrize("tick", [0, -1, "1e40", "abc", float("nan")])
def test_a_tick_that_makes_no_sense_is_refused(text, tick: float | str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match="the tick"):
        open_recording(text("1 1\n"), tick_ps=tick)


def test_disorder_is_counted_across_pieces(text, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(text_reader, "_PIECE_BYTES", 9)
    times = np.random.default_rng(5).integers(0, 100, 200)
    info = open_recording(text(OWN + "".join(f"{t} 1\n" for t in times))).info
    assert info.out_of_order == int((np.diff(times) < 0).sum()) > 0
    assert info.counts == {1: 200}
    assert (info.start_ps, info.stop_ps) == (times.min(), times.max() + 1)


def test_gaps_at_the_ends_belong_to_the_span(text) -> None:  # type: ignore[no-untyped-def]
    recording = open_tags(text(OWN + "# gap: 2 4 restart\n5 1\n# gap: 8 9 dropped\n"))
    assert (recording.info.start_ps, recording.info.stop_ps) == (2, 10)
    whole = joined(recording.chunks())
    assert (whole.start_ps, whole.stop_ps) == (2, 10)


def test_too_many_gaps_are_refused(text, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(text_reader, "MAX_GAPS", 5)
    path = text(OWN + "".join(f"# gap: {9 * n} {9 * n} unknown\n" for n in range(6)) + "99 1\n")
    with pytest.raises(InputError, match="more than 5 gaps"):
        list(open_tags(path).chunks())
