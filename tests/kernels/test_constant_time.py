"""What a hash does must not depend on the key: instructions counted, and their places compared.

Callgrind counts what it can run, which ends at AVX2. Beyond, the CPU itself runs one instruction at a time
under ptrace, and the whole sequence of their addresses is compared.
"""

import platform
import re
import subprocess
from pathlib import Path

import pytest

from postproc import kernels
from tests.kernels.test_selftest import build, need

pytestmark = [
    pytest.mark.campaign,
    pytest.mark.skipif(platform.machine() != "x86_64", reason="steps through x86-64 programs"),
]

# Karatsuba's method with all of its tiles, and both forms of the transform: 2^k and 3 * 2^k words.
SIZES = [(8192, 4096), (20_000, 3000), (49_160, 32_768), (65_536, 57_344)]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Linked statically: a symbol that is looked up late costs instructions that have nothing to do with keys."""
    need("gcc")
    program = tmp_path_factory.mktemp("instructions") / "instructions"
    build("gcc", program, "-O3", "-static", sources=[Path(__file__).with_name("instructions.c")])
    return program


def counted(program: Path, level: str, n: int, m: int, key: int) -> int:
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    command = [*valgrind, "--toggle-collect=toeplitz_hash_*", program, str(kernels.LEVELS.index(level))]
    run = subprocess.run([*command, str(n), str(m), str(key)], capture_output=True, text=True, check=True)
    return int(re.search(r"Collected : (\d+)", run.stderr)[1])


@pytest.mark.parametrize(("n", "m"), SIZES)
@pytest.mark.parametrize("level", ["scalar", "avx2"])
def test_callgrind_counts_the_same_for_every_key(program: Path, level: str, n: int, m: int):
    need("valgrind")
    counts = {counted(program, level, n, m, key) for key in range(4)}
    assert len(counts) == 1
    assert counts.pop() > n


@pytest.mark.parametrize(("n", "m"), SIZES)
@pytest.mark.parametrize("level", ["avx2", "avx2gfni", "avx512"])
def test_every_key_takes_the_same_path(program: Path, level: str, n: int, m: int):
    if level not in kernels.levels():
        pytest.skip(f"this CPU has no {level}")
    command = [program, str(kernels.LEVELS.index(level)), str(n), str(m)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if "cannot step" in run.stderr:
        pytest.skip("this machine does not let a program step through another")
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) > 1000
