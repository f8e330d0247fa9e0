"""Exit codes and sentences, for whatever goes wrong."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from postproc import errors as below
from qkdctl import errors
from qkdctl.cli.failures import exit_code, sentences
from qkdctl.cli.plain import plain

CODES = {
    errors.QkdctlError("x"): 1,
    errors.UsageError("x"): 2,
    errors.ConfigurationError("x"): 3,
    errors.RecordingError("x"): 4,
    errors.NoKeyError("x"): 5,
    errors.DisagreementError("x"): 6,
    errors.NoLockError("x"): 7,
    below.InputError("x"): 4,
    below.PoolExhausted("x"): 4,
    below.ProofError("x"): 3,
    below.KernelError("x"): 3,
    below.SynchronisationFailed("x"): 7,
    RuntimeError("x"): 1,
    OSError(errno.ENOSPC, "x"): 1,
}


@pytest.mark.parametrize(("error", "code"), CODES.items(), ids=lambda value: type(value).__name__)
def test_every_error_has_its_exit_code(error, code):
    assert exit_code(error) == code


@pytest.mark.parametrize("page", ["docs/exit-codes.md", "qkdctl/errors.py"])
def test_the_codes_are_documented(page):
    text = (Path(__file__).parents[2] / page).read_text()
    for error in (
        errors.UsageError,
        errors.ConfigurationError,
        errors.RecordingError,
        errors.NoKeyError,
        errors.DisagreementError,
        errors.NoLockError,
    ):
        assert f"({error.exit_code})" in text or f"| {error.exit_code} |" in text


def test_what_was_done_before_stands_in_a_sentence_of_its_own():
    error = errors.RecordingError("first\nsecond")
    error.add_note("third")
    assert sentences(error) == ["first", "second", "third"]


def test_a_mistake_of_ours_is_called_one(capsys, monkeypatch):
    monkeypatch.delenv("QKDCTL_DEBUG", raising=False)
    (line,) = sentences(ZeroDivisionError("division by zero"))
    assert line.startswith("internal error: ZeroDivisionError: division by zero. This is a mistake in qkdctl")
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("QKDCTL_DEBUG", "1")
    sentences(ZeroDivisionError("division by zero"))
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_the_operating_system_is_quoted():
    assert sentences(OSError(errno.ENOSPC, "No space left", "/x/y")) == ["/x/y: No space left"]
    assert sentences(OSError(errno.ENOSPC, "No space left")) == ["No space left"]
    assert "not enough memory" in sentences(MemoryError())[0]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("ünïcödé ε\ttab\nline", "ünïcödé ε\ttab\nline"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\r\x07\x9b", "\\r\\x07\\x9b"),
        ("a\u202eb", "a\\u202eb"),
    ],
)
def test_control_characters_are_written_out(text, shown):
    assert plain(text) == shown


@pytest.mark.parametrize("command", ["--help", "scenarios", "scenarios --json"])
def test_an_output_that_cannot_be_written_is_no_traceback(command):
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [sys.executable, "-m", "qkdctl", *command.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "qkdctl: No space left on device\n")


def test_a_reader_that_has_seen_enough_is_no_traceback():
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "qkdctl", "scenarios"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")
