"""The commands that the documentation shows, and a shell in which tests type them."""

import ast
import contextlib
import io
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple

import pytest

from qkdctl.cli import main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LONG_S = 240.0
"""Nothing here takes so long, on whatever machine."""


def words(line):
    """A command line without its comment and spaces, by which it is known again."""
    return tuple(shlex.split(line, comments=True))


def shown(page):
    """The command lines in the shell blocks of a page."""
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            if words(line):
                yield line


SHOWN = {words(line): (page.name, line) for page in PAGES for line in shown(page)}


def typed(path):
    """The command lines that the tests of a file type, campaigns aside."""
    for test in ast.walk(ast.parse(path.read_text())):
        if isinstance(test, ast.FunctionDef) and "campaign" not in "".join(
            map(ast.dump, test.decorator_list)
        ):
            for call in ast.walk(test):
                if isinstance(call, ast.Call) and "shell" in ast.dump(call.func) and call.args:
                    line = call.args[0]
                    if isinstance(line, ast.Constant) and isinstance(line.value, str):
                        yield line.value


class Done(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


class Shell:
    """Types lines of the documentation in a directory.

    In a line, words may be put in the place of others (`where`), and options added, which then hold in place of
    those that it has: a session of a second is as good as one of a minute.
    """

    def __init__(self, folder):
        self.folder = folder
        programs = folder / ".programs"
        programs.mkdir()
        python = shlex.quote(sys.executable)
        for name, command in (("qkdctl", f"{python} -P -m qkdctl"), ("python", python)):
            (programs / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
            (programs / name).chmod(0o755)
        self._environment = {
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "QKDCTL_SESSIONS": str(folder / ".sessions"),
        }

    def __call__(self, line, *more, where=None, code=(0,), keyboard=""):
        """Type it and wait for its end, which must be one of these codes."""
        text = self._text(line, more, where)
        done = self._here(text, keyboard) if text.startswith("qkdctl ") else self._bash(text)
        assert done.code in code, (text, done)
        assert "Traceback" not in done.err, (text, done)
        return done

    @contextlib.contextmanager
    def beside(self, line, *more, where=None, code=(0, 130)):
        """Type it in a terminal of its own, and press Ctrl-C there at the end."""
        text = self._text(line, more, where)
        with (self.folder / f".terminal-{text.count(' ')}-{monotonic()}").open("w+") as screen:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {text}"],
                cwd=self.folder,
                env=self._environment,
                stdout=screen,
                stderr=screen,
            )
            terminal = Terminal(process, Path(screen.name))
            try:
                yield terminal
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(LONG_S)
        assert process.returncode in code, (text, process.returncode, terminal.text)
        assert "Traceback" not in terminal.text, (text, terminal.text)

    def _text(self, line, more, where):
        assert words(line) in SHOWN, f"the documentation does not show {line!r}"
        text = re.sub(r"\s#\s.*", "", line).strip()
        for old, new in (where or {}).items():
            assert old in text or len(where) > 1, old
            text = re.sub(rf"(?<![\w.]){re.escape(old)}(?![\w])", lambda _, new=new: str(new), text)
        return " ".join([text, *map(str, more)])

    def _here(self, text, keyboard):
        """Run qkdctl in this process: that saves its start."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdin", io.StringIO(keyboard))
            patch.setenv("QKDCTL_SESSIONS", self._environment["QKDCTL_SESSIONS"])
            with (
                contextlib.chdir(self.folder),
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
            ):
                try:
                    main(shlex.split(text)[1:])
                except SystemExit as end:
                    code = end.code or 0
        return Done(code, out.getvalue(), err.getvalue())

    def _bash(self, text):
        done = subprocess.run(
            ["bash", "-euc", text],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)


class Terminal:
    """Where a command runs beside others."""

    def __init__(self, process, screen):
        self.process, self._screen = process, screen

    @property
    def text(self):
        return self._screen.read_text()

    def wait_for(self, what):
        """Wait until a text is to be read there."""
        wait_until(lambda: what in self.text or self.process.poll() is not None)
        assert what in self.text, self.text

    def wait(self):
        """Wait for the end."""
        self.process.wait(LONG_S)


def wait_until(condition):
    """Wait for something to come true."""
    end = monotonic() + LONG_S
    while not condition():
        assert monotonic() < end
        sleep(0.05)
