import os
import subprocess
import sys

import pytest

from postproc import kernels
from postproc.errors import KernelError
from postproc.kernels import dispatch

SOME = {"coincidences", "first_disorder", "ldpc_syndrome", "popcount", "prefix_parity", "toeplitz_hash"}


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def in_use(**environment: str) -> dict[str, str]:
    run = python("from postproc import kernels; print(kernels.implementations())", **environment)
    assert run.returncode == 0, run.stderr
    return dict(eval(run.stdout))


@pytest.mark.parametrize("level", kernels.LEVELS)
def test_the_environment_forces_a_level(level: str):
    if level not in kernels.levels():
        pytest.skip(f"this CPU has no {level}")
    with kernels.forced(level):
        expected = kernels.implementations()
    assert in_use(QKD_FORCE_IMPL=level) == expected
    assert set(expected) >= SOME
    allowed = kernels.LEVELS[: kernels.LEVELS.index(level) + 1]
    assert set(expected.values()) <= set(allowed)
    assert level in expected.values()


def test_without_the_variable_the_best_level_is_in_use():
    with kernels.forced(kernels.levels()[-1]):
        expected = kernels.implementations()
    assert in_use(QKD_FORCE_IMPL="") == expected


@pytest.mark.parametrize("name", ["sse9", "AVX2", "scalar "])
def test_an_unknown_name_ends_the_import(name: str):
    run = python("import postproc.kernels", QKD_FORCE_IMPL=name)
    assert run.returncode != 0
    assert (
        f"KernelError: the environment variable QKD_FORCE_IMPL asks for '{name}', which is not a level: "
        f"choose one of {', '.join(kernels.levels())}"
    ) in run.stderr


def test_a_level_beyond_the_cpu_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dispatch, "levels", lambda: ("scalar",))
    with (
        pytest.raises(KernelError, match="'avx512', which is beyond this CPU: choose one of scalar"),
        kernels.forced("avx512"),
    ):
        pass


def test_no_kernel_is_missing(level: str):
    table = dispatch.table()
    assert [kernel for kernel in dir(table) if not getattr(table, kernel)] == []


def test_forcing_ends_with_its_block():
    before = kernels.implementations()
    with kernels.forced("scalar"):
        assert set(kernels.implementations().values()) == {"scalar"}
    assert kernels.implementations() == before


def test_a_missing_extension_says_what_to_do():
    run = python("import sys; sys.modules['postproc._kernels'] = None; import postproc.kernels")
    assert "KernelError: the C kernels cannot be loaded" in run.stderr
    assert "install qkdctl with pip" in run.stderr
