"""What is supported, and on what evidence: read from the drivers themselves."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from inspect import cleandoc

from drivers.emulation.rack.emulators import EMULATORS
from drivers.parameters import parameters_of
from drivers.registry import DRIVERS, driver_class


@dataclass(frozen=True)
class Entry:
    """One driver.

    Attributes
    ----------
    driver : str
        Its name in a scenario.
    kind : str
        Of instrument.
    what : str
        Make, model and line, in a sentence.
    source : str
        Where its facts come from.
    unverified : str
        What of them nobody has verified; empty where that is nothing.
    ports : tuple of str
        That need an address each.
    settings : tuple of str
        That a scenario can give.
    emulated : bool
        Whether the rack can host one.
    """

    driver: str
    kind: str
    what: str
    source: str
    unverified: str
    ports: tuple[str, ...]
    settings: tuple[str, ...]
    emulated: bool


def catalogue() -> list[Entry]:
    """Describe every driver, by kind of instrument."""
    return sorted(map(describe, DRIVERS), key=lambda entry: (entry.kind, entry.driver))


def describe(driver: str) -> Entry:
    """Describe a driver.

    Raises
    ------
    UnknownName
        If there is none of this name.
    """
    kind = driver_class(driver)
    paragraphs = cleandoc(sys.modules[kind.__module__].__doc__ or "").split("\n\n")
    return Entry(
        driver=driver,
        kind=kind.__module__.split(".")[1].replace("_", " ").removesuffix("s"),
        what=_sentence(paragraphs[0]).removesuffix("."),
        source=_paragraph(paragraphs, "Source"),
        unverified=_paragraph(paragraphs, "Unverified"),
        ports=kind.PORTS,
        settings=tuple(each.name for each in parameters_of(kind) if each.writable),
        emulated=driver in EMULATORS,
    )


def _paragraph(paragraphs: list[str], first_word: str) -> str:
    """Give the paragraph that begins with a word and a colon, without these."""
    found = (each for each in paragraphs if each.partition(":")[0] in (first_word, f"{first_word}s"))
    return _sentence(next(found, "").partition(":")[2])


def _sentence(text: str) -> str:
    return " ".join(text.split())
