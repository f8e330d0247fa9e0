"""The report of a session as one HTML file: no script, nothing from elsewhere; the browser prints it to PDF."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from qkdctl.report.html import Rows, document, figure, list_of, number, section, table
from qkdctl.report.plots import plots
from qkdctl.report.record import Record
from qkdctl.report.verdict import verdict


def report_page(record: Record) -> str:
    """Give the page of a session file."""
    title = f"{record['name']}, {record['started']}"
    body = "".join(
        [
            _head(record),
            _verdict(record),
            section("At a glance", table(_glance(record))),
            "".join(section(name, picture) for name, picture in plots(record)),
            section("Security", _security(record)),
            section("Blocks", _blocks(record["summary"]["blocks"])),
            section("Alarms", _alarms(record["summary"]["alarms"])),
            section("Instruments", _instruments(record["instruments"])),
            _calibration(record.get("calibration", [])),
            section("What was agreed", table(_flat(record["parameters"]))),
            _bench(record["bench"]),
            section("What happened", _log(record["history"]["log"])),
            f"<footer>qkdctl {escape(record['software']['qkdctl'])}, Python "
            f"{escape(record['software']['python'])}</footer>",
        ]
    )
    return document(title, body)


def _head(record: Record) -> str:
    name, span = escape(record["name"]), escape(f"{record['started']} to {record['ended']}")
    return f"<header><h1>{name}</h1><p>{span}</p></header>"


def _verdict(record: Record) -> str:
    kind, sentences = verdict(record)
    return f'<div class="verdict {kind}">{"".join(f"<p>{escape(each)}</p>" for each in sentences)}</div>'


def _glance(record: Record) -> Rows:
    summary = record["summary"]
    clock, outcomes = summary["clock"], [block["outcome"] for block in summary["blocks"]]
    yield "Protocol", f"{summary['protocol']}, proof {summary['proof']}"
    yield "Recorded", f"{summary['duration_s']:.2f} s"
    for role, count in summary["tags"].items():
        yield f"{role.capitalize()}'s tags or slots", number(count)
    if clock["offset_ps"] is not None:
        yield "Bob's clock", f"{clock['offset_ps'] / 1e9:,.9f} ms ahead, {clock['drift_ppb']:,.2f} ppb fast"
    yield "Sifted", f"{number(summary['sifted_bits'])} bits"
    for basis, rate in summary["qber"].items():
        yield f"QBER {basis}", "not known" if rate is None else f"{rate:.3%}"
    yield "Blocks", f"{len(outcomes)}, of which {outcomes.count('key')} became key"
    if quarantined := summary.get("quarantined_keys", 0):
        yield "Quarantined", f"{quarantined} keys that do not look random; nobody gets them"
    yield "Secret key, gross", f"{number(summary['secret_bits'])} bits"
    yield "Secret key, less authentication", f"{number(summary['net_secret_bits'])} bits"
    for role, store in record["key_stores"].items():
        yield (
            f"{role.capitalize()}'s key store",
            f"{number(store['bits'])} bits in {store['keys']} keys, {store.get('quarantined_keys', 0)} quarantined; "
            f"{store['authentication_keys']} "
            "one-time authentication keys left in each direction",
        )


def _security(record: Record) -> str:
    summary, security = record["summary"], record["parameters"]["security"]
    waived = ", ".join(summary["waived"]) or "none"
    rows = [("Proof", summary["proof"]), ("Assumptions waived", waived), *_flat(security)]
    ends = [block["epsilon"] for block in summary["blocks"] if block["outcome"] == "key"]
    for name, meaning in (("sec", "secrecy"), ("cor", "correctness"), ("auth", "authentication")):
        total = sum(each[name] for each in ends)
        rows.append((f"ε {meaning}, sum over keys", f"{total:.3g}"))
    rows.append(("ε in all, sum over keys", f"{sum(each['total'] for each in ends):.3g}"))
    rows += _budget(summary["blocks"])
    return table(rows)


def _budget(blocks: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """What of the budget for all keys since the pre-shared key is spent, after the last key."""
    figures = [block["figures"] for block in blocks if "epsilon_budget" in block["figures"]]
    for last in figures[-1:]:
        spent = last.get("epsilon_since_pre_shared_key", last.get("bob_epsilon_since_pre_shared_key"))
        yield "ε of all keys since the pre-shared key", f"{spent:.3g} of at most {last['epsilon_budget']:.3g}"


def _blocks(blocks: list[dict[str, Any]]) -> str:
    head = ("block", "outcome", "sifted", "test", "leak", "f", "secret", "auth", "ε", "why not")
    rows = [
        (
            number(block["id"]),
            block["outcome"],
            number(block["sifted_bits"]),
            number(block["test_bits"]),
            number(block["leak_bits"]),
            "" if block["f_ec"] is None else f"{block['f_ec']:.3f}",
            number(block["secret_bits"]),
            number(block["auth_bits"]),
            f"{block['epsilon']['total']:.1e}",
            block["reason"] or "",
        )
        for block in blocks
    ]
    return list_of(head, rows, "There was no block.")


def _alarms(alarms: list[dict[str, Any]]) -> str:
    head = ("severity", "alarm", "about", "figures", "what to do")
    rows = [
        (each["severity"], each["name"], each["subject"], figure(each["figures"]), each["what_to_do"])
        for each in alarms
    ]
    return list_of(head, rows, "There was none.")


def _instruments(instruments: list[dict[str, Any]]) -> str:
    kinds = {"yes": "emulated", "no": "real"}
    rows = [
        (
            each["name"],
            each["identity"] or "was not asked",
            kinds.get(each["emulated"], "not known"),
            f"{each['driver']} at {figure(each['address'])}",
            figure(each["settings"]),
        )
        for each in instruments
    ]
    return list_of(("place", "identity", "real or emulated", "driver", "settings"), rows, "There were none.")


def _calibration(results: list[dict[str, Any]]) -> str:
    head = ("step", "when", "verdict", "set")
    rows = [
        (
            each["step"],
            each["when"],
            each["verdict"],
            "; ".join(f"{c['place']} {c['name']} {figure(c['after'])}" for c in each["changes"]),
        )
        for each in results
    ]
    return section("Calibration", list_of(head, rows, "The scenario was used as it stands."))


def _bench(bench: dict[str, Any] | None) -> str:
    return "" if bench is None else section("What stood on the emulated bench", table(_flat(bench)))


def _log(log: list[list[Any]]) -> str:
    rows = [(f"{t_s:.1f} s", party, line) for t_s, party, line in log]
    return list_of(("when", "who", "what"), rows, "Nothing was told.")


def _flat(value: Any, name: str = "") -> Rows:
    """Every figure of a nested table, under its full name."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value):
        for i, item in enumerate(value):
            yield from _flat(item, f"{name}[{i}]")
    else:
        yield name, figure(value)
