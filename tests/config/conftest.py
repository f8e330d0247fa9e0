"""Scenario files to try."""

import pytest

from qkdctl.config.load import load_scenario
from qkdctl.errors import ConfigurationError
from tests.config.toml import written


@pytest.fixture
def loaded(tmp_path):
    """Load a scenario from text, bytes or a table."""

    def load(content, name="scenario.toml"):
        path = tmp_path / name
        content = written(content) if isinstance(content, dict) else content
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_scenario(path)

    return load


@pytest.fixture
def refusal(loaded, tmp_path):
    """Give the sentences with which a file is refused, without its name, which each begins with."""

    def refuse(content):
        with pytest.raises(ConfigurationError) as caught:
            loaded(content)
        lines = str(caught.value).splitlines()
        start = f"{tmp_path / 'scenario.toml'}: "
        assert all(line.startswith(start) for line in lines)
        return [line.removeprefix(start) for line in lines]

    return refuse
