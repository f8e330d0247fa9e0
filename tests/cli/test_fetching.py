"""What a key server has given is never thrown away: it gives each key once."""

import base64
import re
from pathlib import Path
from uuid import UUID

import pytest

from qkdctl.errors import KmeError
from qkdctl.kme.client import KmeClient
from qkdctl.kme.streams.client import KeyStream
from tests.cli.test_kme import get, stream
from tests.kme.lab import Lab
from tests.kme.test_delivery import pause_until

KSID = "c42fe0b3-dfa7-4872-b170-9d3b63b1f841"


@pytest.fixture
def lab(tmp_path):
    """A link with key for two chunks."""
    lab = Lab(tmp_path)
    lab.fill([1], 8 * 64)
    with lab.start(), lab.client("SAE_A") as a:
        pause_until(lambda: a.status("SAE_B")["stored_key_count"] == 2)
        yield lab


@pytest.fixture
def bob(lab):
    """His end of a stream."""
    with lab.streams("SAE_B") as b:
        yield b.open("SAE_B", "SAE_A", UUID(KSID))


def chunks(lab, *more):
    return stream(lab, "SAE_A", "alice", "SAE_B", "--stream", KSID, *more)


def test_chunks_that_came_before_the_key_ran_out_are_written(qkdctl, lab, bob, tmp_path):
    done = qkdctl(*chunks(lab, "--count", "4", "--to", tmp_path / "d"))
    assert done.code == 10
    assert "INSUFFICIENT_KEY" in done.err
    written = {path.name: path.read_bytes() for path in (tmp_path / "d").iterdir()}
    assert written == {str(index): bob.get(index).value.reveal() for index in (0, 1)}


def test_chunks_that_came_before_the_key_ran_out_are_printed(qkdctl, lab, bob):
    done = qkdctl(*chunks(lab, "--count", "4"))
    assert done.code == 10
    assert done.json["stream"] == KSID
    printed = {chunk["index"]: base64.b64decode(chunk["key"]) for chunk in done.json["chunks"]}
    assert printed == {index: bob.get(index).value.reveal() for index in (0, 1)}
    again = qkdctl(*chunks(lab))
    assert (again.code, again.out) == (10, "")


def test_a_stream_that_cannot_be_closed_has_given_its_chunks(qkdctl, lab, bob, monkeypatch):
    def fail(_):
        raise KmeError("the line is cut")

    monkeypatch.setattr(KeyStream, "close", fail)
    done = qkdctl(*chunks(lab))
    assert (done.code, len(done.json["chunks"])) == (0, 1)
    assert "the stream is not closed, and ends when its time is over: the line is cut" in done.err


def spoil(directory, how):
    if how == "a file":
        directory.write_text("")
    elif how == "a key":
        directory.mkdir()
        (directory / "1").write_text("another key")
    else:
        directory.symlink_to("/proc/none")


@pytest.mark.parametrize("how", ["a file", "a key", "nowhere"])
def test_no_chunk_is_asked_for_that_could_not_be_written(qkdctl, lab, bob, tmp_path, how):
    directory = tmp_path / "d"
    spoil(directory, how)
    done = qkdctl(*chunks(lab, "--count", "2", "--to", directory))
    assert done.code == 4
    assert done.err.startswith(f"qkdctl: {directory}")
    assert [chunk["index"] for chunk in qkdctl(*chunks(lab, "--count", "2")).json["chunks"]] == [0, 1]


def test_no_key_is_asked_for_that_could_not_be_written(qkdctl, lab, tmp_path):
    spoil(tmp_path / "file", "a file")
    new = get(lab, "SAE_A", "alice", "--slave", "SAE_B", "--number", "2")
    assert qkdctl(*new, "--to", tmp_path / "file").code == 4
    ids = [key["key_ID"] for key in qkdctl(*new).json["keys"]]
    (tmp_path / ids[1]).write_text("another key")
    known = get(lab, "SAE_B", "bob", "--master", "SAE_A", "--id", ids[0], "--id", ids[1].upper())
    done = qkdctl(*known, "--to", tmp_path)
    assert done.code == 4
    assert f"{tmp_path / ids[1]}: is there already, and may be another key" in done.err
    assert len(qkdctl(*known).json["keys"]) == 2


def test_a_key_that_cannot_be_written_after_all_does_not_take_the_others_with_it(
    qkdctl, lab, tmp_path, monkeypatch
):
    ask = KmeClient.get_keys

    def ask_and_be_overtaken(*arguments, **more):
        keys = ask(*arguments, **more)
        (tmp_path / keys[0].id).write_text("another key")
        return keys

    monkeypatch.setattr(KmeClient, "get_keys", ask_and_be_overtaken)
    done = qkdctl(*get(lab, "SAE_A", "alice", "--slave", "SAE_B", "--number", "2", "--to", tmp_path))
    assert done.code == 4
    (written,) = re.findall("wrote (.*)", done.err)
    assert len(Path(written).read_bytes()) == 32
