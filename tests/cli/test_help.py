"""Help is there at once and says what there is."""

import subprocess
import sys

import pytest

from qkdctl import errors
from qkdctl.cli.root import COMMANDS

HEAVY = ("numpy", "scipy", "pydantic", "h5py", "rich", "msgspec", "cryptography", "postproc", "drivers")


def loaded_after(*arguments):
    """Names of the modules that a command has loaded by its end, in a process of its own."""
    code = (
        "import sys\nfrom qkdctl.cli import main\n"
        f"try: main({list(arguments)!r})\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print('\\n' + ' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.splitlines()[-1].split()}


@pytest.mark.parametrize("arguments", [("--help",), ("--version",)])
def test_help_loads_nothing_heavy(arguments):
    assert not set(HEAVY) & loaded_after(*arguments)


def test_the_test_above_can_fail():
    assert set(HEAVY) & loaded_after("process", "--help")


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_is_listed_with_the_exit_codes(qkdctl, flag):
    done = qkdctl(flag)
    assert done.code == 0
    assert done.err == ""
    for name in COMMANDS:
        assert f"  {name} " in done.out
    for error in (
        errors.UsageError,
        errors.ConfigurationError,
        errors.RecordingError,
        errors.NoKeyError,
        errors.DisagreementError,
        errors.NoLockError,
    ):
        assert f"{error.exit_code} " in done.out.partition("Exit codes:")[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_of_its_own(qkdctl, name):
    done = qkdctl(name, "--help")
    assert done.code == 0
    assert f"Usage: qkdctl {name}" in done.out


def test_the_module_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "qkdctl", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("qkdctl, version ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["process"],
        ["process", "decoy-bb84", "--alice", "x"],
        ["keys", "export"],
        ["process", "--nothing"],
        ["keys", "list", "--party", "eve"],
    ],
)
def test_a_command_line_that_makes_no_sense_exits_2(qkdctl, arguments):
    done = qkdctl(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert "Error: " in done.err


def test_a_misspelt_command_gets_a_suggestion(qkdctl):
    done = qkdctl("proces")
    assert done.code == 2
    assert "did you mean process?" in done.err


def test_the_shell_completes_scenario_names():
    from click.shell_completion import ShellComplete

    from qkdctl.cli.root import root

    complete = ShellComplete(root, {}, "qkdctl", "_QKDCTL_COMPLETE")
    assert "decoy-bb84" in [item.value for item in complete.get_completions(["process"], "dec")]
    assert [item.type for item in complete.get_completions(["process"], "./x")] == ["file"]
    assert "kwiat-bbm92" in [item.value for item in complete.get_completions(["process", "--bob-config"], "")]
