"""The fuzz targets of the decoders: the committed corpus in every run, new inputs in a campaign."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.kernels.test_selftest import CSRC, build, need

TARGETS = sorted(path.stem for path in (CSRC / "fuzz").glob("*.c"))
FLAGS = "-g", "-O1", "-fsanitize=fuzzer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"


def fuzzer(target: str, folder: Path) -> Path:
    need("clang")
    program = folder / target
    try:
        build("clang", program, *FLAGS, sources=[CSRC / "fuzz" / f"{target}.c"])
    except subprocess.CalledProcessError:
        pytest.skip("this clang has no libFuzzer")
    return program


def test_every_target_has_a_corpus():
    assert sorted(path.name for path in (CSRC / "fuzz" / "corpus").iterdir()) == TARGETS
    sizes = [path.stat().st_size for path in (CSRC / "fuzz" / "corpus").rglob("*") if path.is_file()]
    assert sum(sizes) < 300_000


@pytest.mark.campaign
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("target", TARGETS)
def test_fuzzing(target: str, tmp_path: Path):
    """A minute each, or QKD_FUZZ_SECONDS, from the corpus on; crashes are kept beside the corpus."""
    program = fuzzer(target, tmp_path)
    corpus = tmp_path / "corpus"
    shutil.copytree(CSRC / "fuzz" / "corpus" / target, corpus)
    seconds = os.environ.get("QKD_FUZZ_SECONDS", "60")
    options = (
        f"-max_total_time={seconds}",
        "-max_len=6000",
        "-timeout=10",
        "-seed=1",
        f"-artifact_prefix={tmp_path}/",
    )
    subprocess.run([program, *options, corpus], check=True, cwd=tmp_path)
