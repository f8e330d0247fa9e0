"""Every file of TOML that a person writes is read with the same care."""

from pathlib import Path

import pytest

from qkdctl.config.load import load_scenario
from qkdctl.config.toml import MAX_BYTES
from qkdctl.errors import ConfigurationError
from qkdctl.kme.config import load_config
from qkdctl.network.topology import load_topology

READERS = {"scenario file": load_scenario, "key server's file": load_config, "topology": load_topology}


@pytest.mark.parametrize(("what", "read"), READERS.items())
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a = ", "is not TOML: Invalid value"),
        (b"a = " + b"[" * 5000, "is not TOML: it is nested too deeply"),
        (b"\xff\xfe\x00binary", "is no {what}: it is not text"),
        (b"#" * (MAX_BYTES + 1), "is no {what}: those have at most 1048576 bytes"),
    ],
)
def test_what_is_no_toml_is_refused(tmp_path, what, read, content, sentence):
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError) as refusal:
        read(path)
    assert str(refusal.value).startswith(f"{path}: {sentence.format(what=what)}")


@pytest.mark.parametrize(("what", "read"), READERS.items())
def test_a_file_that_never_ends_is_not_read_to_its_end(what, read):
    with pytest.raises(ConfigurationError, match=f"/dev/zero: is no {what}"):
        read(Path("/dev/zero"))


@pytest.mark.parametrize("read", READERS.values())
def test_a_file_that_is_not_there(tmp_path, read):
    with pytest.raises(ConfigurationError, match="cannot be read: No such file or directory"):
        read(tmp_path / "mine.toml")
