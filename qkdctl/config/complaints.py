"""What is wrong with a table, in words: the key, its value, and what is allowed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

Location = Sequence[int | str]

LONGEST = 60

_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a smaller number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "a string",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dataclass_type": "a table",
    "dataclass_exact_type": "a table",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "literal_error": "{expected}",
    "too_short": "at least {min_length} entries and there are {actual_length}",
    "too_long": "at most {max_length} entries and there are {actual_length}",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
}

ABOVE = ("name", "emulation", "instruments", "calibration")
"""Keys of the file that stand beside those of the session."""

_UNKNOWN = ("unexpected_keyword_argument", "extra_forbidden")
_MISSING = ("missing", "missing_argument")


def complaints(kind: type, error: ValidationError, within: str = "") -> list[str]:
    """Give one sentence for each mistake, unknown keys first.

    A key that was only misspelt is not complained of a second time as missing, nor a list because of a wrong
    entry.

    Parameters
    ----------
    kind : type
        The model that the table was held against.
    error : ValidationError
    within : str, optional
        The table's place in the file.
    """
    details = error.errors()
    unknown = [detail for detail in details if detail["type"] in _UNKNOWN]
    meant = {(*detail["loc"][:-1], _close(kind, detail["loc"])) for detail in unknown}
    others = [
        detail
        for detail in details
        if detail["type"] not in _UNKNOWN and detail["loc"] not in meant and not _follows(detail, details)
    ]
    return [_complaint(kind, detail, within) for detail in (*unknown, *others)]


def shown(value: object) -> str:
    """Write a value as TOML would, cut to a length that fits on a line."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _follows(detail: ErrorDetails, details: list[ErrorDetails]) -> bool:
    """Whether a complaint about a list or table only follows from one about something inside."""
    depth = len(detail["loc"])
    return any(len(other["loc"]) > depth and other["loc"][:depth] == detail["loc"] for other in details)


def _complaint(kind: type, detail: ErrorDetails, within: str) -> str:
    place = _place((within, *detail["loc"]) if within else detail["loc"])
    if detail["type"] in _UNKNOWN:
        return f"{place} is not a key that is known here{_suggestion(kind, detail['loc'])}"
    if detail["type"] in _MISSING:
        return f"{place} is missing"
    if detail["type"] == "value_error":
        message = detail["msg"].removeprefix("Value error, ")
        return f"{place}: {message}" if place else message
    return f"{place or 'it'} is {shown(detail['input'])}, expected {_expected(detail)}"


def _expected(detail: ErrorDetails) -> str:
    if detail["type"] in _EXPECTED:
        limits = {name: _limit(value) for name, value in detail.get("ctx", {}).items()}
        return _EXPECTED[detail["type"]].format(**limits)
    return detail["msg"].removeprefix("Input should be ")


def _limit(value: object) -> object:
    return f"{value:g}" if isinstance(value, float) else value


def _place(location: Location) -> str:
    place = ""
    for part in location:
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else str(part)
    return place


def _suggestion(kind: type, location: Location) -> str:
    """Name the key that was probably meant, or all there are."""
    if close := _close(kind, location):
        return f"; did you mean {close}?"
    known = sorted(_keys(kind, location[:-1]))
    return f"; known are {', '.join(known)}" if known else ""


def _close(kind: type, location: Location) -> str | None:
    close = get_close_matches(str(location[-1]), _keys(kind, location[:-1]), n=1)
    return close[0] if close else None


def _keys(kind: type, location: Location) -> list[str]:
    """Names of the keys of the table at a place."""
    whole: Any = TypeAdapter(kind).json_schema()
    schema = whole
    for part in location:
        resolved = _resolve(schema, whole)
        # A list without a length of its own has one schema for all entries, a tuple one for each place.
        entries: Any = resolved.get("items") or next(iter(resolved.get("prefixItems", [])), {})
        schema = entries if isinstance(part, int) else resolved.get("properties", {}).get(part, {})
    found = list(_resolve(schema, whole).get("properties", {}))
    return [*found, *ABOVE] if "protocol" in found else found


def _resolve(schema: Any, whole: Any) -> Any:
    """Follow a reference; of several possibilities take the one that is a table."""
    for option in schema.get("anyOf", [schema]):
        if "$ref" in option:
            return whole["$defs"][option["$ref"].rsplit("/", 1)[-1]]
    return schema
