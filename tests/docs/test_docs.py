"""The documentation builds, its links lead somewhere, and its commands are ones that there are."""

import contextlib
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
from tests.support.shown import PAGES, ROOT, SHOWN, shown, typed, words


def commands(page):
    """What a page tells people to type to qkdctl."""
    for line in shown(page):
        for part in re.split(r"\s(?:&&|\|)\s", line):
            given = shlex.split(part.rstrip(")"), comments=True)
            if given and Path(given[0]).name == "qkdctl":
                yield given[1:]


def mentioned(page):
    """Commands that the sentences of a page mention."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    return [shlex.split(span) for span in re.findall(r"`qkdctl ([^`>]+)", text)]


def resolve(given):
    """Find a command; give it, its context, and the words that are left for it."""
    command, context = root, click.Context(root, info_name="qkdctl")
    while isinstance(command, click.Group) and given and not given[0].startswith("-"):
        _, command, given = command.resolve_command(context, list(given))
        context = click.Context(command, parent=context, info_name=command.name)
    return command, context, given


def check(given):
    """Parse a command line as click would, and do nothing."""
    command, context, left = resolve(given)
    if left in (["--version"], ["--help"]):
        return
    values, left, _ = command.make_parser(context).parse_args(list(left))
    assert not left
    for parameter in command.params:
        if parameter.required:
            assert values.get(parameter.name) is not None, parameter.name


EVERY = [(page.name, given) for page in PAGES for given in commands(page)]

ELSEWHERE = {
    "pytest -q tests/drivers": "these are tests themselves",
    "qkdctl faults --rounds 9": "takes minutes; campaigns in tests/faults run such rounds",
    "qkdctl faults --kills 1000 --rounds 400 --shard 0/2 --state c.jsonl": "takes days",
    "qkdctl faults --kills 1000 --rounds 400 --shard 1/2 --state c.jsonl": "takes days",
    "qkdctl soak demo --duration 7200 --bench-speed 3 --samples soak.jsonl --json": "takes hours; see tests/soak",
}
"""Commands that no default test types, and why."""

CI = ROOT / ".ci" / "run"
"""What decides whether a change lands; an sdist does not have it."""


def ci():
    """The command lines that it has, and those that it takes from the README by their beginnings."""
    text = CI.read_text()
    for line in text.splitlines():
        with contextlib.suppress(ValueError):  # a part of something longer
            yield words(re.split(r" (?:<<<|>) ", line)[0])
    for beginning in re.findall(r"grep -m 1 '\^([^']+)' README.md", text):
        yield words(next(line for _, line in SHOWN.values() if line.startswith(beginning)))


def test_pages_have_commands():
    assert len(EVERY) > 20


@pytest.mark.skipif(not CI.exists(), reason="not in a checkout")
def test_every_command_is_run():
    """By a test that types it, or by CI's own script; what neither does is listed with its reason."""
    by_tests = {words(line) for path in (ROOT / "tests").rglob("test_*.py") for line in typed(path)}
    excused = {words(line) for line in ELSEWHERE}
    run = {*by_tests, *ci(), *excused}
    assert [line for known, (_, line) in SHOWN.items() if known not in run] == []
    assert excused <= set(SHOWN)


@pytest.mark.parametrize(("page", "given"), EVERY, ids=lambda v: " ".join(v) if isinstance(v, list) else v)
def test_every_command_is_one(page, given):
    check(list(given))


def test_what_sentences_mention_is_there():
    for page in PAGES:
        for given in mentioned(page):
            command, _, left = resolve(given)
            options = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
            assert {word for word in left if word.startswith("--")} <= options, (page.name, given)


@pytest.mark.parametrize("given", [["rum"], ["run", "demo", "--repot", "x"], ["node", "alice", "lab.toml"]])
def test_the_test_above_can_fail(given):
    with pytest.raises((click.UsageError, AssertionError)):
        check(given)


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
        "qkdctl report --store qkdctl-demo-keys --output demo.html",
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
    assert text.count("&& .demo-venv/bin/qkdctl demo\n") == 1
    assert all(f"\n{line}\n" in text for line in wanted)
    for line in ["qkdctl demo", *wanted]:
        words = [sys.executable, "-m", *shlex.split(line)]
        done = subprocess.run(
            words, cwd=tmp_path, input="\n" * 30, capture_output=True, text=True, check=False, timeout=280
        )
        assert done.returncode == 0, (line, done.stderr)
    assert "secret bits" in (tmp_path / "lab.html").read_text()
