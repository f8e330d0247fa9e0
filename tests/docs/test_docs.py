"""The documentation builds, its links lead somewhere, and its commands are ones that there are."""

import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

import click
import pytest

from drivers.instrument import BaseInstrument
from qkdctl.cli.root import root

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands(page):
    """What a page tells people to type: the lines of its shell blocks, comments and continuations aside."""
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r"\s(?:&&|\|)\s", line):
                words = shlex.split(part, comments=True)
                while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                    del words[0]
                if words and Path(words[0]).name == "qkdctl":
                    yield words[1:]


def check(words):
    """Parse a command line as click would, and do nothing."""
    command, context = root, click.Context(root, info_name="qkdctl")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        _, command, words = command.resolve_command(context, words)
        context = click.Context(command, parent=context, info_name=command.name)
    if words in (["--version"], ["--help"]):
        return
    parser = command.make_parser(context)
    values, left, _ = parser.parse_args(list(words))
    assert not left
    for parameter in command.params:
        if parameter.required:
            assert values.get(parameter.name) is not None, parameter.name


EVERY = [(page.name, words) for page in PAGES for words in commands(page)]


def test_pages_have_commands():
    assert len(EVERY) > 20


@pytest.mark.parametrize(("page", "words"), EVERY, ids=lambda v: " ".join(v) if isinstance(v, list) else v)
def test_every_command_is_one(page, words):
    check(list(words))


@pytest.mark.parametrize("words", [["rum"], ["run", "demo", "--repot", "x"], ["node", "alice", "lab.toml"]])
def test_the_test_above_can_fail(words):
    with pytest.raises((click.UsageError, AssertionError)):
        check(words)


def test_sphinx_builds_every_page_without_a_warning(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", ROOT / "docs", tmp_path / "out"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for page in (ROOT / "docs").glob("*.md"):
        assert (tmp_path / "out" / f"{page.stem}.html").exists()


def test_the_readmes_links_lead_somewhere():
    for link in re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text()):
        assert (ROOT / link).exists(), link


def test_the_driver_on_the_page_is_one():
    text = (ROOT / "docs" / "adding-a-driver.md").read_text()
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    made = {}
    exec(textwrap.dedent(block), made)
    assert issubclass(made["Meter"], BaseInstrument)
    assert made["Meter"].wavelength_nm.unit == "nm"


@pytest.mark.campaign
def test_getting_started_leads_to_a_key_and_a_report(tmp_path):
    """The commands of the first steps, as they stand there, in a directory of their own."""
    wanted = [
        "qkdctl demo --report demo.html",
        "qkdctl keys list --store qkdctl-demo-keys",
        "qkdctl calibrate misaligned",
        "qkdctl run misaligned --bench-speed 0.5",
        "qkdctl init lab.toml",
        "qkdctl doctor lab.toml",
        "qkdctl run lab.toml --dry-run",
        "qkdctl run lab.toml --duration 60 --report lab.html",
        "qkdctl report --json",
    ]
    text = (ROOT / "docs" / "getting-started.md").read_text()
    for line in wanted:
        assert f"\n{line}\n" in text
        words = [sys.executable, "-m", *shlex.split(line)]
        done = subprocess.run(
            words, cwd=tmp_path, input="\n" * 30, capture_output=True, text=True, check=False, timeout=280
        )
        assert done.returncode == 0, (line, done.stderr)
    assert "secret bits" in (tmp_path / "lab.html").read_text()
