"""The sessions' figures as OpenMetrics, for Prometheus and whatever else reads them. ``docs/monitor.md`` lists them."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from postproc.types import Role
from qkdctl.live import NodeView
from qkdctl.monitor.board import Board, Session


class Metrics(Collector):
    """Collects from a board.

    Parameters
    ----------
    board : Board
    """

    def __init__(self, board: Board) -> None:
        self._board = board

    def collect(self) -> Iterator[Metric]:
        """Give all metrics of the sessions that run."""
        running = [session for session in self._board.sessions.values() if not session.over]
        yield _running(running)
        yield from _by_session(running)
        yield _rates(running)
        yield from _load(running)
        yield _stores(running)
        yield _alarms(running)


def _running(running: list[Session]) -> Metric:
    return GaugeMetricFamily("qkdctl_sessions", "Sessions that run", value=len(running))


def _by_session(running: list[Session]) -> Iterator[Metric]:
    labels = ["session", "pid"]
    bits = CounterMetricFamily("qkdctl_secret_bits", "Secret bits made, gross", labels=labels)
    blocks = CounterMetricFamily("qkdctl_blocks", "Blocks ended", labels=[*labels, "outcome"])
    qber = GaugeMetricFamily("qkdctl_qber", "Error rate of the last tested block", labels=[*labels, "basis"])
    offset = GaugeMetricFamily("qkdctl_clock_offset_seconds", "Bob's clock before Alice's", labels=labels)
    drift = GaugeMetricFamily(
        "qkdctl_clock_drift_ratio", "By how much Bob's clock runs faster", labels=labels
    )
    for session in running:
        name, view = [session.beacon.name, str(session.beacon.pid)], session.teller
        bits.add_metric(name, view.secret_bits)
        for outcome in ("key", "refused", "aborted"):
            blocks.add_metric([*name, outcome], view.outcomes[outcome])
        if view.last_qber is not None:
            qber.add_metric([*name, session.beacon.test_basis], view.last_qber[1])
        if "offset_ps" in session.clock:
            offset.add_metric(name, float(session.clock["offset_ps"]) * 1e-12)
            drift.add_metric(name, float(session.clock["drift_ppb"]) * 1e-9)
    yield from (bits, blocks, qber, offset, drift)


def _rates(running: list[Session]) -> Metric:
    metric = GaugeMetricFamily(
        "qkdctl_count_rate_hertz", "Tags a second", labels=["session", "pid", "party", "channel"]
    )
    for session, role, view in _nodes(running):
        for name, rate in view.rates.items():
            if name.endswith("_hz"):
                channel = name.removeprefix("channel_").removesuffix("_hz")
                metric.add_metric([session.beacon.name, str(session.beacon.pid), role, channel], float(rate))
    return metric


def _load(running: list[Session]) -> Iterator[Metric]:
    labels = ["session", "pid", "party", "process"]
    busy = GaugeMetricFamily("qkdctl_busy_ratio", "CPU seconds a second of a process", labels=labels)
    memory = GaugeMetricFamily("qkdctl_memory_bytes", "Memory in use, small objects left out", labels=labels)
    for session, role, _ in _nodes(running):
        for process, load in session.load[role].items():
            name = [session.beacon.name, str(session.beacon.pid), role, process]
            busy.add_metric(name, float(load["busy"]))
            if "allocated_bytes" in load:
                memory.add_metric(name, float(load["allocated_bytes"]))
    yield from (busy, memory)


def _stores(running: list[Session]) -> Metric:
    metric = GaugeMetricFamily(
        "qkdctl_store_bits", "Bits in the key store that can be delivered", labels=["session", "pid", "party"]
    )
    for session, role, view in _nodes(running):
        if "bits" in view.store:
            labels = [session.beacon.name, str(session.beacon.pid), role]
            metric.add_metric(labels, float(view.store["bits"]))
    return metric


def _alarms(running: list[Session]) -> Metric:
    metric = GaugeMetricFamily(
        "qkdctl_alarm",
        "1 while an alarm is raised",
        labels=["session", "pid", "alarm", "subject", "severity"],
    )
    for session in running:
        for alarm in session.alarms():
            labels = [alarm["name"], alarm["subject"], alarm["severity"]]
            metric.add_metric([session.beacon.name, str(session.beacon.pid), *labels], 1)
    return metric


def _nodes(running: list[Session]) -> Iterator[tuple[Session, Role, NodeView]]:
    for session in running:
        for role, view in session.nodes.items():
            yield session, role, view
