"""The file in which an emulated rack says where its instruments answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from drivers.registry import Addresses
from postproc.files import write_whole
from qkdctl.config.bounded import read_bounded
from qkdctl.errors import ConfigurationError

MAX_BYTES = 2**20


class RackAddresses(msgspec.Struct, frozen=True):
    """Where a rack answers.

    Attributes
    ----------
    control : str
        Where knobs are turned, see :class:`drivers.emulation.rack.RackControl`.
    instruments : dict
        By full name, such as ``bob.tagger``: an address, or one for each port.
    """

    control: str
    instruments: dict[str, str | dict[str, str]]


def write_addresses(path: Path, control: str, instruments: Mapping[str, Addresses]) -> None:
    """Write the file; it appears when it is complete."""
    data = msgspec.json.encode({"control": control, "instruments": instruments})
    try:
        write_whole(path, msgspec.json.format(data), durable=False)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written: {error.strerror}") from None


def read_addresses(path: Path) -> RackAddresses:
    """Read the file.

    Raises
    ------
    ConfigurationError
        If it is not one.
    """
    data = read_bounded(path, "file of addresses", MAX_BYTES)
    try:
        return msgspec.json.decode(data, type=RackAddresses)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ConfigurationError(
            f"{path}: is no file of addresses, as qkdctl rack up writes them: {error}"
        ) from None
