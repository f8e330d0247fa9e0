from __future__ import annotations

from pathlib import Path

import pytest

#: Where recordings lie that the project does not ship: beside the checkout.
SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture
def kwiat() -> Path:
    """The real BBM92 recording of the Kwiat group."""
    path = SHARED_DATA / "kwiat_bbm92.txt.gz"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    return path


@pytest.fixture
def sfifteen_files() -> Path:
    """Files of S-Fifteen's cards, from fpfind's tests."""
    path = SHARED_DATA / "sfifteen"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    return path
