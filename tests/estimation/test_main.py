"""The command that evaluates a file of reference points."""

import json
from pathlib import Path

import pytest

from postproc.estimation.__main__ import main

POINTS = Path(__file__).parents[1] / "vectors" / "finite_key_points.json"


def test_a_list_of_figures_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(POINTS)]) == 0
    out, err = capsys.readouterr()
    figures = json.loads(out)
    assert err == ""
    assert [f["id"] for f in figures] == [p["id"] for p in json.loads(POINTS.read_text())["points"]]
    assert figures[0]["expect"]["ell"] == 187819
    assert figures[0]["expect_noclamp"]["ell"] == 101880


def test_a_bare_list_will_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "points.json"
    file.write_text('[{"scheme": "verification_tag", "inputs": {"eps_cor": 1e-10}}]')
    assert main([str(file)]) == 0
    assert json.loads(capsys.readouterr().out)[0]["expect"]["tag_bits"] == 34


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "is not a readable JSON file"),
        ("3", "must hold a list of points"),
        ('{"points": 3}', "must hold a list of points"),
        ('[{"scheme": "?", "inputs": {}}]', "unknown"),
    ],
)
def test_a_bad_file_gets_one_sentence(
    content: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "points.json"
    file.write_text(content)
    assert main([str(file)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert complaint in err
    assert err.count("\n") == 1


def test_usage_and_missing_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err
    assert main(["/nowhere/points.json"]) == 2
    assert "/nowhere/points.json" in capsys.readouterr().err
