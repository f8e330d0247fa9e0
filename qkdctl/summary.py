"""The figures of a run: one object, for people who read JSON and for the table on the screen."""

from __future__ import annotations

from typing import Any

from postproc.bits import Bits
from postproc.blocks import SecretBlock
from postproc.conversation.record import BlockRecord
from postproc.estimation.entropy import binary_entropy
from postproc.outcome import BlockEnded
from postproc.parameters.session import Session
from postproc.protocols import proof_of
from postproc.synchronisation.stage import ClockLocked
from postproc.types import Alarm, Figure, Role
from postproc.verification.health import FALSE_ALARM
from qkdctl.errors import RecordingError
from qkdctl.keystore.entry import key_id
from qkdctl.keystore.pair import Stores
from qkdctl.keystore.store import KeyStore
from qkdctl.run import Run

Ended = BlockEnded | SecretBlock


def summarise(run: Run, stores: Stores, alarms: list[Alarm]) -> dict[str, Any]:
    """Sum up a run.

    Parameters
    ----------
    run : Run
    stores : dict of Role to KeyStore
        Where its keys went, settled.
    alarms : list of Alarm
        Those from outside the stages.

    Returns
    -------
    dict
        As JSON has it; ``docs/process.md`` explains every field.
    """
    parameters = run.scenario.parameters
    proof, waived = proof_of(parameters)
    pairs = _paired(run)
    blocks = [_block(number, ends, parameters, stores) for number, ends in enumerate(pairs, 1)]
    return {
        "protocol": parameters.protocol,
        "proof": proof.name,
        "waived": list(waived),
        "duration_s": max(stretch.duration_s for stretch in run.stretches.values()),
        "tags": {role: stretch.count for role, stretch in run.stretches.items()},
        "clock": _clock(run),
        "sifted_bits": sum(block["sifted_bits"] for block in blocks),
        "qber": _qber(pairs, parameters),
        "blocks": blocks,
        "secret_bits": sum(block["secret_bits"] for block in blocks),
        "net_secret_bits": sum(block["secret_bits"] - block["auth_bits"] for block in blocks),
        "quarantined_keys": sum("quarantined_bits" in block["figures"] for block in blocks),
        "keys_equal": _keys_equal([block["key_id"] for block in blocks if block["key_id"]], stores),
        "alarms": [_alarm(alarm) for alarm in (*alarms, *_alarms(run))],
    }


def _paired(run: Run) -> list[dict[Role, Ended]]:
    """What each party made of each block; session after session, where one had to be followed by another."""
    sessions: dict[bytes, dict[int, dict[Role, Ended]]] = {}
    for role, results in run.results.items():
        for result in results:
            if isinstance(result, Ended) and result.record.block > 0:
                blocks = sessions.setdefault(result.record.session, {})
                blocks.setdefault(result.record.block, {})[role] = result
    return [ends for blocks in sessions.values() for _, ends in sorted(blocks.items())]


def _block(number: int, ends: dict[Role, Ended], parameters: Session, stores: Stores) -> dict[str, Any]:
    figures = _figures(ends)
    record = next(iter(ends.values())).record
    name = key_id(record.session, record.block)
    outcome, reason = _outcome(name, ends, stores)
    key_bits, test_bits = int(figures.get("key_bits", 0)), int(figures.get("test_bits", 0))
    return {
        "id": number,
        "outcome": outcome,
        "reason": reason,
        "key_id": name if outcome == "key" else None,
        "sifted_bits": key_bits + test_bits,
        "key_bits": key_bits,
        "test_bits": test_bits,
        "leak_bits": max(end.record.disclosed_bits() for end in ends.values()),
        "f_ec": _efficiency(record, figures),
        "secret_bits": int(figures.get("secret_bits", 0)) if outcome == "key" else 0,
        "auth_bits": max(end.record.authentication_bits for end in ends.values()),
        "epsilon": _epsilon(ends, parameters),
        "figures": figures,
    }


def _outcome(name: str, ends: dict[Role, Ended], stores: Stores) -> tuple[str, str | None]:
    """What became of a block: key if both stores hold it, however its last word fared."""
    made = [end for end in ends.values() if isinstance(end, SecretBlock)]
    if made and all(store.entry(name) is not None for store in stores.values()):
        return "key", None
    for end in ends.values():
        if isinstance(end, BlockEnded):
            return end.outcome, end.reason
    return "aborted", "one party never had this block"


def _figures(ends: dict[Role, Ended]) -> dict[str, Any]:
    """Both parties' figures in one table; where they differ, they stand under the party's name."""
    alice, bob = (ends[role].record.figures if role in ends else {} for role in ("alice", "bob"))
    merged: dict[str, Figure] = {}
    for name in {**alice, **bob}:
        if name in alice and name in bob and alice[name] != bob[name]:
            merged[f"alice_{name}"], merged[f"bob_{name}"] = alice[name], bob[name]
        else:
            merged[name] = alice.get(name, bob.get(name, 0))
    return merged


def _efficiency(record: BlockRecord, figures: dict[str, Any]) -> float | None:
    """Bits disclosed for error correction over the Shannon limit; None where that is not known or zero."""
    errors, bits = figures.get("key_errors"), figures.get("key_bits", 0)
    if not errors or not bits:
        return None
    return record.disclosed_bits("reconcile") / float(bits * binary_entropy(errors / bits))


def _epsilon(ends: dict[Role, Ended], parameters: Session) -> dict[str, float]:
    security = parameters.security
    authentication = max(end.record.epsilon_authentication for end in ends.values())
    return {
        "sec": security.eps_sec,
        "cor": security.eps_cor,
        "auth": authentication,
        "health": FALSE_ALARM,
        "total": security.eps_sec + security.eps_cor + authentication + FALSE_ALARM,
    }


def _clock(run: Run) -> dict[str, Any]:
    """How Bob's clock runs, from his lock: ``bob = (1 + drift) * alice + offset``."""
    for result in run.results["bob"]:
        if isinstance(result, ClockLocked):
            figures = dict(result.record.figures)
            return {
                "offset_ps": round(float(figures.pop("offset_ps"))),
                "drift_ppb": figures.pop("drift_ppb"),
                **figures,
            }
    return {"offset_ps": None, "drift_ppb": None}


def _qber(pairs: list[dict[Role, Ended]], parameters: Session) -> dict[str, float | None]:
    """Error rates by basis; that of the key basis is exact where a block was corrected."""
    tables = [_figures(ends) for ends in pairs]
    tested = [table for table in tables if "test_errors" in table]
    corrected = [table for table in tables if "key_errors" in table]
    key = _rate(corrected, "key_errors", "key_bits")
    test = _rate(tested, "test_errors", "test_bits")
    both = [
        {"errors": table["key_errors"] + table["test_errors"], "bits": table["key_bits"] + table["test_bits"]}
        for table in corrected
    ]
    return {
        parameters.bases.key: key,
        parameters.bases.test: test,
        "total": _rate(both, "errors", "bits") if both else test,
    }


def _rate(tables: list[dict[str, Any]], errors: str, bits: str) -> float | None:
    total = sum(table[bits] for table in tables)
    return sum(table[errors] for table in tables) / total if total else None


def _keys_equal(blocks: list[str], stores: Stores) -> bool | None:
    """Compare the two stores, key by key; None where there is no key, or all went to applications by now."""
    pairs = [(_left(stores["alice"], name), _left(stores["bob"], name)) for name in blocks]
    compared = [alice == bob for alice, bob in pairs if alice is not None and bob is not None]
    return all(compared) if compared else None


def _left(store: KeyStore, name: str) -> Bits | None:
    """Give a key to compare; None if a key server has opened it meanwhile."""
    try:
        return store.value(name)
    except RecordingError:
        entry = store.entry(name)
        if entry is not None and entry.state not in ("staged", "confirmed"):
            return None
        raise


def _alarms(run: Run) -> list[Alarm]:
    """Both parties' alarms; what both say of the same subject stands once."""
    found: dict[tuple[str, str], Alarm] = {}
    for results in run.results.values():
        for result in results:
            if isinstance(result, Alarm):
                found.setdefault((result.name, result.subject), result)
    return list(found.values())


def _alarm(alarm: Alarm) -> dict[str, Any]:
    return {
        "name": alarm.name,
        "severity": alarm.severity,
        "subject": alarm.subject,
        "figures": alarm.figures,
        "what_to_do": alarm.advice,
    }
