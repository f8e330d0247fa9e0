"""C programs that need no Python: the self-test under sanitizers and on arm64, and what scratch leaves."""

import shutil
import subprocess
from pathlib import Path

import pytest

from postproc import kernels

CSRC = Path(__file__).parents[2] / "csrc"
Levels = tuple[str, ...]


def build(
    compiler: str,
    program: Path,
    *flags: str,
    main: Path = CSRC / "selftest.c",
    levels: Levels = kernels.LEVELS,
) -> None:
    variants = [variant for level in levels for variant in sorted(CSRC.glob(f"*/{level}.c"))]
    sources = [main, CSRC / "dispatch.c", *variants]
    command = [compiler, "-std=gnu11", "-Wall", "-Wextra", "-Werror", *flags, f"-I{CSRC}", *sources]
    subprocess.run([*command, "-o", program], check=True)


def need(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


@pytest.mark.parametrize("compiler", ["gcc", pytest.param("clang", marks=pytest.mark.campaign)])
def test_under_sanitizers(compiler: str, tmp_path: Path):
    need(compiler)
    checks = "-fsanitize=address,undefined", "-fno-sanitize-recover=all"
    build(compiler, tmp_path / "selftest", "-O1", *checks)
    subprocess.run([tmp_path / "selftest", "100"], check=True)


def test_on_arm64(tmp_path: Path):
    need("aarch64-linux-gnu-gcc", "qemu-aarch64")
    build("aarch64-linux-gnu-gcc", tmp_path / "selftest", "-O1", "-static", levels=("scalar",))
    subprocess.run(["qemu-aarch64", tmp_path / "selftest", "100"], check=True)


def test_scratch_is_wiped(tmp_path: Path):
    need("gcc")
    main = Path(__file__).with_name("scratch_is_wiped.c")
    build("gcc", tmp_path / "wiped", "-O1", "-Wl,--wrap=free", main=main)
    subprocess.run([tmp_path / "wiped"], check=True)
