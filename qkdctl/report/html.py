"""Pieces of a page; every text from outside goes through :func:`html.escape` here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib.resources import files
from typing import Any

Rows = Iterator[tuple[str, str]]

POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def document(title: str, body: str) -> str:
    """A page of its own: one file, no script, nothing from elsewhere; `body` being HTML."""
    style = files("qkdctl.report").joinpath("report.css").read_text()
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body>{body}</body></html>\n"
    )


def section(title: str, content: str) -> str:
    """A part of the page, `content` being HTML."""
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def table(rows: Iterable[tuple[str, str]]) -> str:
    """A table of names and values."""
    body = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f'<table class="pairs">{body}</table>'


def list_of(head: Sequence[str], rows: Sequence[Sequence[str]], nothing: str) -> str:
    """A table with a head; a sentence where it has no rows."""
    if not rows:
        return f'<p class="none">{escape(nothing)}</p>'
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(
        f"<tr>{''.join(f'<td class={_kind(cell)}>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def number(value: float) -> str:
    """A number as people read it."""
    return f"{value:,}"


def figure(value: Any) -> str:
    """A value of any kind in a line."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case dict():
            return ", ".join(f"{name} {figure(item)}" for name, item in value.items())
        case list() | tuple():
            return ", ".join(map(figure, value))
    return str(value)


def _kind(cell: str) -> str:
    """The class of a cell: numbers stand to the right, outcomes and severities have colours."""
    if cell in {"key", "refused", "aborted", "info", "warning", "error"}:
        return cell
    return "number" if cell[:1].isdigit() and len(cell) < 16 else "text"
