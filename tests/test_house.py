"""The house rules, held over the whole tree: style, types, who may import whom, what is where."""

import subprocess
import sys
from importlib.metadata import files, version
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOP_LEVEL = {
    ".ci", ".gitignore", "LICENSE", "README.md", "config", "csrc", "docs", "drivers", "postproc",
    "pyproject.toml", "qkdctl", "tests",
}  # fmt: skip


def tracked() -> list[str]:
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    return listing.stdout.splitlines()


def run(*command: str | Path) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_has_nothing_to_say():
    run(sys.executable, "-m", "ruff", "check", ".")


def test_the_code_is_formatted():
    run(sys.executable, "-m", "ruff", "format", "--check", ".")


def test_types_hold():
    run(sys.executable, "-m", "mypy")


def test_imports_run_one_way():
    run(Path(sys.executable).with_name("lint-imports"))


def test_one_module_opens_the_door_to_c():
    sources = [ROOT / path for path in tracked() if path.endswith(".py") and not path.startswith("tests/")]
    doors = [path.name for path in sources if "import ffi, lib" in path.read_text()]
    assert doors == ["dispatch.py"]


def test_the_top_level_is_as_agreed():
    assert {path.split("/")[0] for path in tracked()} <= TOP_LEVEL


@pytest.mark.parametrize("name", ["qkdctl", "drivers", "postproc"])
def test_the_import_names_are_this_distribution(name):
    """``drivers`` and ``postproc`` are common words: nobody else's package may answer to them."""
    spec = find_spec(name)
    assert spec is not None
    assert Path(spec.origin).is_relative_to(ROOT) or f"{name}/__init__.py" in map(str, files("qkdctl"))
    assert (Path(spec.origin).parent / "py.typed").exists()


def test_the_version_is_in_one_place():
    import tomllib

    import qkdctl

    written = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert qkdctl.__version__ == version("qkdctl") == written


def test_galois_is_for_oracles_only():
    """Neither it nor numba behind it is on the run-time path."""
    code = (
        "import sys, postproc.protocols, postproc.reconciliation.reconciler, qkdctl.cli.process\n"
        "assert not {'galois', 'numba'} & set(sys.modules)"
    )
    run(sys.executable, "-c", code)
