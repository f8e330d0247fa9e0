"""What a monitor with a browser before it costs a session: CPU seconds a block, with and without, in turns."""

import asyncio
import os
import resource
import statistics
import threading
from contextlib import contextmanager

import pytest

from qkdctl.acquisition import Plan, acquire
from qkdctl.config.load import load_scenario
from qkdctl.history import History
from qkdctl.keystore.pair import PARTIES
from qkdctl.monitor.beacon import lit
from tests.monitor.test_in_the_browser import quick_text, started
from tests.support.browser import CHROMIUM, Browser

PAIRS = int(os.environ.get("QKDCTL_PAIRS", "5"))
DURATION_S, SPEED = 8.3, 0.5
MOST = 0.02


def cpu_s():
    """What children that are over have used: the nodes. The rack is in this process; monitor and browser still run."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def session_cpu_s(tmp_path, config):
    scenario, history = load_scenario(config), History()
    plan = Plan(
        scenario_files=dict.fromkeys(PARTIES, config),
        scenarios=dict.fromkeys(PARTIES, scenario),
        stores=tmp_path / "keys",
        duration_s=DURATION_S,
        bench_seed=1,
        bench_speed=SPEED,
    )
    before = cpu_s()
    with lit(lambda directories: None, scenario, DURATION_S, history) as watch:
        outcome, _ = acquire(plan, watch=watch)
    blocks = len(outcome.run.keys("bob"))
    assert blocks >= 6, blocks
    return (cpu_s() - before) / blocks


@contextmanager
def watched(tmp_path):
    """A monitor, and a page that asks it for everything every second."""
    over = threading.Event()

    async def look(url):
        async with Browser() as browser:
            await browser.open(url)
            while not over.is_set():
                await asyncio.sleep(0.2)
            assert "link" in await browser.text() or "secret bits" in await browser.text()

    with started("monitor", cwd=tmp_path, env=dict(os.environ)) as monitor:
        url = monitor.stdout.readline().strip()
        thread = threading.Thread(target=lambda: asyncio.run(look(url)))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


@pytest.mark.campaign
@pytest.mark.timeout(3000)
def test_a_monitor_with_a_browser_costs_next_to_nothing(tmp_path, monkeypatch):
    assert CHROMIUM is not None, "needs Chromium: apt-get install chromium"
    monkeypatch.setenv("QKDCTL_SESSIONS", str(tmp_path / "sessions"))
    config = tmp_path / "link.toml"
    config.write_text(quick_text())
    session_cpu_s(tmp_path, config)  # everything is in the cache afterwards
    ratios = []
    for pair in range(PAIRS):
        # Whoever comes first in a pair changes, so that a drift of the machine's speed favours nobody.
        if pair % 2:
            alone = session_cpu_s(tmp_path, config)
        with watched(tmp_path):
            seen = session_cpu_s(tmp_path, config)
        if not pair % 2:
            alone = session_cpu_s(tmp_path, config)
        ratios.append(seen / alone - 1)
        print(f"CPU s a block: {alone:.3f} alone, {seen:.3f} watched, {ratios[-1]:+.2%}", flush=True)
    cost = statistics.median(ratios)
    print(f"median {cost:+.2%} of {[f'{ratio:+.2%}' for ratio in ratios]}")
    assert cost < MOST
