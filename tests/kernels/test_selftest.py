"""C programs that need no Python: the self-test under sanitizers and on arm64, and what scratch leaves."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from postproc import kernels

CSRC = Path(__file__).parents[2] / "csrc"
SELFTEST = sorted((CSRC / "selftest").glob("*.c"))
Levels = tuple[str, ...]


def build(
    compiler: str,
    program: Path,
    *flags: str,
    sources: Sequence[Path],
    levels: Levels = kernels.LEVELS,
) -> None:
    variants = [variant for level in levels for variant in sorted(CSRC.glob(f"*/{level}.c"))]
    command = [compiler, "-std=gnu11", "-Wall", "-Wextra", "-Werror", *flags, f"-I{CSRC}", "-o", program]
    subprocess.run([*command, *sources, CSRC / "dispatch.c", *variants], check=True)


def need(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def test_every_kernel_is_tried():
    tried = "".join(path.read_text() for path in SELFTEST)
    names = re.findall(r"\(\*(\w+)\)\(", (CSRC / "kernels.h").read_text())
    assert len(names) > 30
    assert [name for name in names if f"->{name}(" not in tried] == []


@pytest.mark.parametrize("compiler", ["gcc", pytest.param("clang", marks=pytest.mark.campaign)])
def test_under_sanitizers(compiler: str, tmp_path: Path):
    need(compiler)
    checks = "-fsanitize=address,undefined", "-fno-sanitize-recover=all"
    build(compiler, tmp_path / "selftest", "-O1", *checks, sources=SELFTEST)
    subprocess.run([tmp_path / "selftest", "100"], check=True)


def test_on_arm64(tmp_path: Path):
    need("aarch64-linux-gnu-gcc", "qemu-aarch64")
    build(
        "aarch64-linux-gnu-gcc", tmp_path / "selftest", "-O1", "-static", sources=SELFTEST, levels=("scalar",)
    )
    subprocess.run(["qemu-aarch64", tmp_path / "selftest", "100"], check=True)


def test_scratch_is_wiped(tmp_path: Path):
    need("gcc")
    main = Path(__file__).with_name("scratch_is_wiped.c")
    build("gcc", tmp_path / "wiped", "-O1", "-Wl,--wrap=free", sources=[main])
    subprocess.run([tmp_path / "wiped"], check=True)
