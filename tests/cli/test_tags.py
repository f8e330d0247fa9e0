"""Looking at recordings, converting and generating them, from the command line."""

import json
import os
import shlex
import signal
import stat
import struct
import subprocess
import sys
import time
from xml.etree import ElementTree

import pytest

from tests.cli.conftest import DECOY
from tests.config.toml import written


def test_info_says_what_is_in_a_recording(qkdctl, pairs, decoy):
    done = qkdctl("tags", "info", pairs.bob)
    assert done.code == 0
    assert "counts" in done.out
    assert "emulated" in done.out
    assert max(map(len, done.out.splitlines())) <= 200
    figures = qkdctl("tags", "info", pairs.bob, "--json").json
    assert set(figures["counts"]) == {"0", "1", "2", "3"}
    assert qkdctl("tags", "info", decoy.alice).code == 0


def test_info_mentions_a_tick_that_it_had_to_assume(qkdctl, tmp_path):
    (tmp_path / "old.txt").write_text("0 100\n1 200\n")
    done = qkdctl("tags", "info", "old.txt", "--json")
    assert "ticks of 78.125 ps were assumed" in done.err
    assert done.json["assumed_tick_ps"] == 78.125
    assert qkdctl("tags", "info", "old.txt", "--tick-ps", "100").err == ""


def test_info_has_the_fields_that_other_programs_rely_on(qkdctl, tmp_path):
    events = b"".join(struct.pack("<Q", (1000 * k) << 10 | 0b11000 << 5 | 1 << k % 4) for k in range(40))
    (tmp_path / "card.ts").write_bytes(events)
    figures = qkdctl("tags", "info", "card.ts", "--json").json
    assert (figures["format"], figures["counts"]) == ("S-Fifteen a1", {str(n): 10 for n in range(1, 5)})
    assert figures["duration_s"] == pytest.approx(39 * 1000 / 256e9, abs=2e-12)
    assert (figures["resolution_ps"], figures["gaps"]) == (3.90625, [])
    assert (figures["overflows"], figures["out_of_order"]) == (0, 0)


def test_an_instruments_file_is_converted_and_sorted(qkdctl, tmp_path):
    records = [(0, 0, 1, 10**6), (0, 0, 2, 10**6 - 5), (0, 0, 1, 2 * 10**6)]
    (tmp_path / "dump").write_bytes(b"".join(struct.pack("<BxHiq", *record) for record in records))
    done = qkdctl("tags", "convert", "dump", "out.txt", "--from", "swabian")
    assert "wrote 3 tags to out.txt" in done.err
    assert "1 tags came after later ones, by 5 ps at most: sorted" in done.err
    assert "999995 2\n1000000 1\n" in (tmp_path / "out.txt").read_text()


def test_a_text_is_sorted_when_told_to(qkdctl, sentence, tmp_path):
    (tmp_path / "in.txt").write_text("# qkdctl tags: time_ps channel\n9 1\n5 0\n")
    code, line = sentence("tags", "convert", "in.txt", "out.h5")
    assert (code, "convert --sort" in line) == (4, True)
    assert qkdctl("tags", "convert", "in.txt", "out.ptu", "--sort").code == 0
    assert qkdctl("tags", "info", "out.ptu", "--json").json["counts"] == {"0": 1, "1": 1}


def test_plot_draws_what_can_be_read_anywhere(qkdctl, pairs, tmp_path):
    done = qkdctl("tags", "plot", pairs.bob, "--out", "plot.svg")
    assert "drew plot.svg" in done.err
    picture = ElementTree.parse(tmp_path / "plot.svg").getroot()
    assert len(picture) == 3
    assert "href" not in (tmp_path / "plot.svg").read_text()


def test_plot_tells_its_figures(qkdctl, sentence, tmp_path):
    lines = [f"{time} 1\n{time + 700} 4\n" for time in range(0, 10**8, 10**5)]
    (tmp_path / "in.txt").write_text("# qkdctl tags: time_ps channel\n" + "".join(lines))
    figures = qkdctl("tags", "plot", "in.txt", "--reach-ns", "1", "--json").json
    assert figures["correlation"]["channels"] == [1, 4]
    assert figures["correlation"]["peak_ps"] == pytest.approx(700, abs=10)
    assert sum(figures["correlation"]["pairs"]) == 1000
    assert figures["rates"]["tags_per_s"]["4"][5] == pytest.approx(1e7, rel=0.01)
    assert not (tmp_path / "in.txt.svg").exists()
    code, line = sentence("tags", "plot", "in.txt", "--between", "1,2")
    assert (code, line) == (4, "in.txt: --between takes two channels that occur, of 1, 4")


def test_an_encrypted_recording_in_segments(qkdctl, sentence, tmp_path):
    (tmp_path / "in.txt").write_text("# qkdctl tags: time_ps channel\n5 1\n9 0\n")
    (tmp_path / "key").write_bytes(bytes(range(40)))
    assert qkdctl("tags", "convert", "in.txt", "out", "--segments", "--encrypt", "key").code == 0
    assert (tmp_path / "out" / "000001.h5").read_bytes().startswith(b"qkdctl sealed 1\n")
    assert qkdctl("tags", "info", "out", "--key", "key", "--json").json["counts"] == {"0": 1, "1": 1}
    code, line = sentence("tags", "info", "out")
    assert (code, "is encrypted: give its key" in line) == (4, True)


@pytest.mark.parametrize("text", ["\x1b]0;evil\x07", "[red]not markup[/red]"])
def test_info_writes_out_what_would_command_the_terminal(qkdctl, tmp_path, text):
    (tmp_path / "odd.txt").write_text(
        f"# qkdctl tags: time_ps channel\n# metadata: {json.dumps({'note': text})}\n1 0\n2 1\n"
    )
    out = qkdctl("tags", "info", "odd.txt").out
    assert "\x1b" not in out and "\x07" not in out  # noqa: PT018
    assert "evil" in out or "[red]not markup[/red]" in out


@pytest.mark.parametrize("command", ["info", "convert"])
@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file or directory"), (b"", "is empty"), (b"\0\1", "neither")]
)
def test_what_is_no_recording_exits_4(sentence, tmp_path, command, content, words):
    if content is not None:
        (tmp_path / "in").write_bytes(content)
    more = ["out.h5"] if command == "convert" else []
    code, line = sentence("tags", command, "in", *more)
    assert code == 4
    assert line.startswith("in" if content is not None else "cannot read in: ")
    assert words in line


def test_convert_keeps_channels_and_changes_the_clock(qkdctl, tmp_path):
    (tmp_path / "in.txt").write_text("# qkdctl tags: time_ps channel\n1000000 0\n2000000 5\n3000000 1\n")
    done = qkdctl(
        "tags",
        "convert",
        "in.txt",
        "out.txt",
        "--channels",
        "0-1",
        "--shift-ps",
        "-7",
        "--stretch-ppm",
        "2.5",
    )
    assert done.code == 0
    assert done.out == ""
    assert "wrote 2 tags to out.txt" in done.err
    lines = [line for line in (tmp_path / "out.txt").read_text().splitlines() if not line.startswith("#")]
    # 1e6 * (1 + 2.5e-6) = 1000002.5, halves upwards; 3e6 * (1 + 2.5e-6) = 3000007.5
    assert lines == ["999996 0", "3000001 1"]
    assert stat.S_IMODE((tmp_path / "out.txt").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "option",
    [
        ("--channels", "4-2"),
        ("--channels", "256"),
        ("--channels", "x"),
        ("--channels", ""),
        ("--channels", "1,,2"),
        ("--channels", "-1"),
        ("--shift-ps", "1.5"),
    ],
)
def test_options_that_make_no_sense_exit_2(qkdctl, tmp_path, option):
    (tmp_path / "in.txt").write_text("# qkdctl tags: time_ps channel\n1 0\n")
    assert qkdctl("tags", "convert", "in.txt", "out.txt", *option).code == 2
    assert not (tmp_path / "out.txt").exists()


@pytest.mark.parametrize(
    "option",
    [
        ("--stretch-ppm", "fast"),
        ("--stretch-ppm", "nan"),
        ("--stretch-ppm", "-2e6"),
        ("--tick-ps", "0"),
        ("--channels", "7"),
        ("--shift-ps", str(10**19)),
    ],
)
def test_figures_that_make_no_recording_exit_4(sentence, tmp_path, option):
    (tmp_path / "in.txt").write_text("1 1\n1 2\n")
    code, _ = sentence("tags", "convert", "in.txt", "out.h5", *option)
    assert code == 4


@pytest.mark.parametrize("target", ["missing/out.h5", "directory"])
def test_a_target_that_cannot_be_written_exits_4(sentence, tmp_path, target):
    (tmp_path / "directory").mkdir()
    (tmp_path / "in.txt").write_text("1 1\n1 2\n")
    code, line = sentence("tags", "convert", "in.txt", target)
    assert code == 4
    assert target in line


def test_a_file_may_be_converted_in_place(qkdctl, tmp_path):
    (tmp_path / "in.txt").write_text("# qkdctl tags: time_ps channel\n5 0\n9 1\n")
    assert qkdctl("tags", "convert", "in.txt", "in.txt", "--channels", "1").code == 0
    assert "9 1\n" in (tmp_path / "in.txt").read_text()
    assert "5 0\n" not in (tmp_path / "in.txt").read_text()


def test_generate_says_what_to_do_next_and_that_works(qkdctl, tmp_path):
    place = tmp_path / "a place with blanks"
    (tmp_path / "my scenario.toml").write_text(written(DECOY))
    done = qkdctl("tags", "generate", "my scenario.toml", place)
    assert done.code == 0
    assert done.out == ""
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    command = done.err.partition("next: ")[2]
    words = shlex.split(command)
    assert words[0] == "qkdctl"
    assert qkdctl(*words[1:]).code == 0


def test_generate_repeats_itself_under_the_same_seed(qkdctl, tmp_path):
    (tmp_path / "x.toml").write_text(
        written(DECOY | {"emulation": DECOY["emulation"] | {"duration_s": 0.001}})
    )
    for place, seed in (("one", 5), ("two", 5), ("three", 6)):
        assert qkdctl("tags", "generate", "x.toml", place, "--seed", seed).code == 0
    one, two, three = ((tmp_path / place / "bob_tags.h5").read_bytes() for place in ("one", "two", "three"))
    assert one == two != three


def test_generate_needs_an_emulation(sentence, tmp_path):
    (tmp_path / "x.toml").write_text(written({k: v for k, v in DECOY.items() if k != "emulation"}))
    code, line = sentence("tags", "generate", "x.toml", "out")
    assert (code, line) == (3, "x.toml: has no [emulation] table to generate from")


def test_generate_into_a_file_is_refused(sentence, tmp_path):
    (tmp_path / "file").write_text("")
    code, line = sentence("tags", "generate", "decoy-bb84", tmp_path / "file" / "x")
    assert code == 4
    assert "cannot be written: Not a directory" in line


def test_generating_that_is_interrupted_leaves_nothing(tmp_path):
    """Neither half a file, nor one party's file beside the other's of another time."""
    (tmp_path / "x.toml").write_text(
        written(DECOY | {"emulation": DECOY["emulation"] | {"duration_s": 20.0}})
    )
    with subprocess.Popen(
        [sys.executable, "-m", "qkdctl", "tags", "generate", "x.toml", "out"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as run:
        while not (tmp_path / "out").exists() or not list((tmp_path / "out").rglob("*.part")):
            assert run.poll() is None
            time.sleep(0.02)
        run.send_signal(signal.SIGINT)
        _, err = run.communicate()
    assert run.returncode == 130
    assert err.strip() == "interrupted"
    assert not list((tmp_path / "out").iterdir())
