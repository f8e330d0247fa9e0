"""Just enough of a TOML writer to write a session down."""

import json
from dataclasses import asdict


def written(table: dict) -> str:
    """A table as TOML: plain values first, then its tables."""
    return "".join(_lines(table, ()))


def session(parameters, **more) -> dict:
    """A session's table; what is None is left out, as a file has no word for it."""
    return _without_none(asdict(parameters)) | more


def _without_none(value):
    if isinstance(value, dict):
        return {name: _without_none(item) for name, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list | tuple) else value


def _lines(table, place):
    tables = {name: value for name, value in table.items() if isinstance(value, dict)}
    for name, value in table.items():
        if name not in tables:
            yield f"{_text(name)} = {_value(value)}\n"
    for name, value in tables.items():
        yield f"[{'.'.join(map(_text, (*place, name)))}]\n"
        yield from _lines(value, (*place, name))


def _value(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(name)} = {_value(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return repr(value)


def _text(value):
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
