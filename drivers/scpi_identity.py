"""The answer to ``*IDN?`` (IEEE 488.2): vendor, model, serial number and firmware, between commas."""

from __future__ import annotations

from drivers.errors import BadAnswer
from drivers.identity import Identity


def identity_of(name: str, answer: str, *models: str) -> Identity:
    """Read it, and make sure that it is the right model.

    Parameters
    ----------
    name : str
        Of the instrument, for errors.
    answer : str
    *models : str
        One of them must stand in the model's name.

    Raises
    ------
    BadAnswer
        If it is another instrument.
    """
    parts = [part.strip() for part in answer.split(",")]
    if len(parts) != 4 or not any(model in parts[1] for model in models):
        raise BadAnswer(
            f"{name}: is {answer[:60]!r}, and this driver is for a {' or '.join(models)}; check the address and the "
            "driver's name"
        )
    serial = "" if parts[2].strip("0") == "" else parts[2]
    return Identity(parts[0], parts[1], serial, parts[3])
