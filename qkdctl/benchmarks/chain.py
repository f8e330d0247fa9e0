"""The whole chain: from sifted bits to two keys on disk, each party in a process of its own.

Everything a session does after sifting is there: the test, error correction, verification, the bound, privacy
amplification, tags from the stored pool, and durable key stores, over a line under CURVE.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec

from postproc.reconciliation.choice import choose
from postproc.types import Role
from qkdctl.benchmarks.case import Case
from qkdctl.benchmarks.chain_party import Figures
from qkdctl.benchmarks.chain_work import WANTED_BITS_PER_S, ChainWork
from qkdctl.carriers.zeromq import new_curve_pair
from qkdctl.keystore.pair import PARTIES, SHARED_KEY_BYTES, both_stores, import_shared_key, store_path
from qkdctl.programs import python

KEY_BITS, TEST_BITS, QBER = 10**7, 10**6, 0.02
WORKS = (
    ChainWork("auto", "auto", KEY_BITS, TEST_BITS, QBER, blocks=8, in_flight=4),
    ChainWork("auto", "auto", KEY_BITS, TEST_BITS, QBER, blocks=8, in_flight=4, round_trip_s=0.01),
    ChainWork("ldpc", "efficient", KEY_BITS, TEST_BITS, QBER, blocks=4, in_flight=3),
    ChainWork("cascade", "fast", KEY_BITS, TEST_BITS, QBER, blocks=8, in_flight=4),
    ChainWork("cascade", "fast", KEY_BITS, TEST_BITS, QBER, blocks=32, in_flight=16, round_trip_s=0.01),
)
"""What a session would choose by itself comes first. Cascade is charged in both directions, as everywhere by default:
key is left at 2 % in spite of it."""

Run = dict[Role, Figures]


def cases() -> Iterator[Case]:
    """Blocks of sifted bits at 2 % errors, for each method of error correction."""
    for work in WORKS:
        with (
            tempfile.TemporaryDirectory(prefix="qkdctl-bench-") as root,
            two_parties(Path(root), work) as pair,
        ):
            line = f", {work.round_trip_s * 1e3:.0f} ms" if work.round_trip_s else ""
            yield Case(
                f"sifted to stored key, blocks of {work.key_bits:,} bits at {work.qber:.0%}, {_way(work)}{line}",
                work.blocks * work.key_bits / 1e6,
                "Mbit/s",
                pair.run,
                partial(_check, Path(root), work),
                figures=partial(_figures, work),
            )


def _way(work: ChainWork) -> str:
    """Name what is done, and if it was chosen, what was."""
    if "auto" not in (work.method, work.profile):
        return f"{work.method} {work.profile}"
    way = choose(
        work.qber, bits_per_s=WANTED_BITS_PER_S, round_trip_s=work.round_trip_s, charge_both_directions=True
    )
    return f"chosen: {way.method} {way.profile}"


class Pair:
    """Two processes, one line of input and output at a time."""

    def __init__(self, processes: dict[Role, subprocess.Popen[str]]) -> None:
        self._processes = processes

    def tell(self, role: Role, line: str) -> None:
        """Give a party a line."""
        channel = self._processes[role].stdin
        assert channel is not None
        channel.write(line + "\n")
        channel.flush()

    def hear(self, role: Role) -> str:
        """Wait for a party's line."""
        channel = self._processes[role].stdout
        assert channel is not None
        line = channel.readline().strip()
        if not line:
            raise RuntimeError(f"{role.capitalize()}'s process of the benchmark has ended; see above")
        return line

    def run(self) -> Run:
        """Let both make key of their blocks."""
        for role in PARTIES:
            self.tell(role, "go")
        return {role: msgspec.json.decode(self.hear(role), type=Figures) for role in PARTIES}


@contextmanager
def two_parties(directory: Path, work: ChainWork) -> Iterator[Pair]:
    """Start both parties, with key stores in a directory, and join them."""
    with both_stores(directory) as stores:
        import_shared_key(stores, os.urandom(SHARED_KEY_BYTES))
    curves = {role: new_curve_pair() for role in PARTIES}
    peers: dict[Role, Role] = {"alice": "bob", "bob": "alice"}
    processes = {
        role: _start(role, store_path(directory, role), (*curves[role], curves[peers[role]][0]))
        for role in PARTIES
    }
    try:
        pair = Pair(processes)
        for role in PARTIES:
            pair.tell(role, msgspec.json.encode(work).decode())
        pair.tell("alice", pair.hear("bob"))
        pair.hear("alice")
        yield pair
    finally:
        for process in processes.values():
            process.kill()
            process.communicate()


def _start(role: Role, store: Path, curve: tuple[str, str, str]) -> subprocess.Popen[str]:
    command = python("qkdctl.benchmarks.chain_party", role, str(store), ",".join(curve))
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _check(directory: Path, work: ChainWork, answer: object) -> None:
    """Every block has the same confirmed key at both ends, and each is another."""
    assert isinstance(answer, dict)
    assert answer["alice"].secret_bits == answer["bob"].secret_bits > 0
    with both_stores(directory) as stores:
        names = [entry.id for entry in stores["alice"].entries() if entry.state == "confirmed"]
        assert len(names) >= work.blocks
        keys = {name: stores["alice"].value(name) for name in names}
        assert all(stores["bob"].value(name) == key for name, key in keys.items())
        assert len({key.to_bytes() for key in keys.values()}) == len(names)


def _figures(work: ChainWork, answer: object) -> dict[str, float]:
    """Give each stage's share of both parties' time on the processor, and how much of two cores was idle."""
    assert isinstance(answer, dict)
    parties: list[Figures] = list(answer.values())
    total = sum(each.processor_s for each in parties)
    cores = 2 * max(each.seconds for each in parties)
    shares = {
        f"share_{name}": sum(each.stages[name] for each in parties) / total for name in parties[0].stages
    }
    return {
        "secret_bits_per_sifted_bit": parties[0].secret_bits / (work.blocks * work.key_bits),
        **{name: round(share, 3) for name, share in shares.items()},
        "share_line": round(1 - sum(shares.values()), 3),
        "idle": round(1 - total / cores, 3),
        **{f"{role}_ns_per_bit": _per_bit(work, each.processor_s) for role, each in answer.items()},
    }


def _per_bit(work: ChainWork, seconds: float) -> float:
    return round(1e9 * seconds / (work.blocks * work.key_bits), 2)
