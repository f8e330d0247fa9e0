"""A network of fifty nodes, customers that never stop asking, and somebody who breaks things.

``python -m tests.network.fifty DIRECTORY [--minutes 10] [--rate 1000] [--seed 1]`` runs it and prints what came of it.
"""

import argparse
import contextlib
import json
import queue
import random
import threading
import time
from collections import Counter
from pathlib import Path

import networkx as nx

from qkdctl.kme.client import KmeClient, KmeError, KmeRefused
from qkdctl.network import control
from qkdctl.network.layout import Layout
from qkdctl.network.topology import load_topology

NODES = 50
WORKERS = 96
RETRY_S = 0.5
GIVE_UP_S = 90.0
LOSSES_DB = (4.0, 6.0, 8.0, 10.0, 12.0)


def topology(seed):
    """Fifty nodes, each with three links or more; none whose loss would cut the network in two."""
    rng = random.Random(seed)
    graph = nx.random_regular_graph(3, NODES, seed=seed)
    graph.add_edges_from(rng.sample(list(nx.non_edges(graph)), 10))
    assert nx.node_connectivity(graph) >= 2
    lines = ['name = "fifty"', "lab = true", "gossip_s = 2.0", "[domains.fifty]", "[nodes]"]
    lines += [f'n{n} = {{ domain = "fifty", saes = ["SAE{n}"] }}' for n in graph]
    lines.append("[links]")
    for a, b in graph.edges:
        model = f"channel_loss_db = {rng.choice(LOSSES_DB)}, most_stored_bytes = 131072"
        lines.append(f'l{a}-{b} = {{ between = ["n{a}", "n{b}"], modelled = {{ {model} }} }}')
    return "\n".join(lines) + "\n", [f"l{a}-{b}" for a, b in graph.edges]


class Campaign:
    """What happens, and the books that are kept of it."""

    def __init__(self, directory, seed):
        directory.mkdir(parents=True, exist_ok=True)
        text, self.links = topology(seed)
        (directory / "fifty.toml").write_text(text)
        self.run = directory / "run"
        self.topology = load_topology(directory / "fifty.toml")
        self.layout = Layout(self.run)
        self.rng = random.Random(seed)
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.counts = Counter()
        self.waits = []
        self.late = []
        self.ids = set()
        self.owed = queue.Queue()
        self.wrong = []
        self.reasons = Counter()
        self.clients = [queue.LifoQueue() for _ in range(NODES)]

    def start(self):
        control.up(self.topology, self.run, self.run)
        self.urls = {one.name: one.state.url for one in control.status(self.run)}

    @contextlib.contextmanager
    def client(self, number):
        """A connection of an application, kept open for the next time."""
        try:
            client = self.clients[number].get_nowait()
        except queue.Empty:
            pki = self.layout.domain("fifty")
            files = (pki / f"SAE{number}.crt", pki / f"SAE{number}.key", pki / "ca.crt")
            client = KmeClient(self.urls[f"n{number}"], *files)
        try:
            yield client
        finally:
            self.clients[number].put(client)

    def close(self):
        for clients in self.clients:
            while not clients.empty():
                clients.get().__exit__(None, None, None)

    def demand(self, rate_per_s, seconds):
        """Ask at an even rate, whatever becomes of earlier requests."""
        orders = queue.Queue()
        workers = [threading.Thread(target=self._serve, args=(orders,)) for _ in range(WORKERS)]
        for worker in workers:
            worker.start()
        began = time.monotonic()
        for number in range(int(rate_per_s * seconds)):
            time.sleep(max(began + number / rate_per_s - time.monotonic(), 0))
            a, b = self.rng.sample(range(NODES), 2)
            options = self.rng.choices(
                [
                    {},
                    {"qkdctl_min_paths": 2},
                    {"qkdctl_hybrid": "required"},
                    {"qkdctl_route_type": "relayed"},
                ],
                [70, 15, 10, 5],
            )[0]
            orders.put((a, b, options, time.monotonic()))
        for _ in workers:
            orders.put(None)
        for worker in workers:
            worker.join()

    def _serve(self, orders):
        while (order := orders.get()) is not None:
            a, b, options, at = order
            key = self._get(a, b, options, at)
            if key is not None:
                self._note(a, b, options, key)
                self._collect(a, b, key, time.monotonic() + 5)

    def _get(self, a, b, options, at):
        """New keys, however long it takes; requests that have to wait are counted with how long they did."""
        self.counts["requests"] += 1
        self.late.append(time.monotonic() - at)
        first, at = True, time.monotonic()
        while True:
            try:
                with self.client(a) as kme:
                    (key,) = kme.get_keys(f"SAE{b}", mandatory=options)
            except (KmeRefused, KmeError) as error:
                if isinstance(error, KmeRefused) and error.status != 503:
                    self.wrong.append(f"SAE{a} to SAE{b} {options}: {error}")
                    return None
                with self.lock:
                    self.counts["refused"] += 1
                    self.reasons[str(error)[:80]] += 1
                    self.counts["had to wait"] += first
                first = False
                if time.monotonic() - at > GIVE_UP_S:
                    self.counts["given up"] += 1
                    return None
                time.sleep(RETRY_S)
            else:
                with self.lock:
                    self.counts["served"] += 1
                    self.waits.append(time.monotonic() - at)
                return key

    def _note(self, a, b, options, key):
        """A key must come once, and as it was asked for."""
        told = key.extension
        with self.lock:
            if key.id in self.ids:
                self.wrong.append(f"{key.id} came twice")
            self.ids.add(key.id)
        paths = [path[1:-1] for path in told["qkdctl_paths"]]
        met = len(paths) >= options.get("qkdctl_min_paths", 1)
        met = met and len({node for path in paths for node in path}) == sum(map(len, paths))
        if "qkdctl_hybrid" in options:
            met = met and "ML-KEM-768" in told["qkdctl_made_of"]
        if options.get("qkdctl_route_type") == "relayed":
            met = met and all(paths)
        if not met:
            self.wrong.append(f"SAE{a} to SAE{b} {options}: {told}")

    def _collect(self, a, b, key, until):
        """The same key at the other end, now or when its node is there again."""
        while True:
            try:
                with self.client(b) as kme:
                    (theirs,) = kme.get_keys_by_id(f"SAE{a}", [key.id])
            except KmeRefused as refused:
                if refused.status == 503:
                    time.sleep(RETRY_S)
                    continue
                self.wrong.append(f"SAE{b} does not get {key.id} of SAE{a}: {refused}")
                return
            except KmeError as error:
                # The connection broke: the key may have been on its way, which counts as delivered.
                if "no answer" in str(error) and "refused" not in str(error).lower():
                    self.counts["answer lost"] += 1
                    return
                if time.monotonic() > until:
                    self.owed.put((a, b, key))
                    return
                time.sleep(RETRY_S)
            else:
                self.counts["shared"] += 1
                if theirs.value != key.value:
                    self.wrong.append(f"{key.id} is two keys")
                return

    def havoc(self, period_s, mends_after_s):
        """Kill a node or cut a link every so often, and mend it some time later."""
        broken = []
        while not self.stop.wait(period_s):
            now = time.monotonic()
            for thing in [one for one in broken if now - one[1] > mends_after_s]:
                control.heal(self.run, thing[0])
                broken.remove(thing)
            names = [f"n{n}" for n in range(NODES)] if self.rng.random() < 0.5 else self.links
            name = self.rng.choice([one for one in names if one not in {thing for thing, _ in broken}])
            kind = control.cut(self.run, name)
            self.counts[f"{kind}s broken"] += 1
            broken.append((name, now))
        for name, _ in broken:
            control.heal(self.run, name)

    def settle(self):
        """What is owed is still there."""
        while not self.owed.empty():
            a, b, key = self.owed.get()
            self.counts["collected late"] += 1
            self._collect(a, b, key, time.monotonic() + 60)
        if not self.owed.empty():
            self.wrong.append("keys are still owed")

    def figures(self):
        share = self.counts["had to wait"] / max(self.counts["requests"], 1)
        return {
            **self.counts,
            "share_that_waited": round(share, 4),
            "seconds_to_key": quantiles(self.waits),
            "seconds_until_a_worker_was_free": quantiles(self.late),
            "reasons": dict(self.reasons.most_common(12)),
            "wrong": self.wrong,
        }


def quantiles(values):
    values = sorted(values)
    at = lambda q: round(values[min(int(q * len(values)), len(values) - 1)], 3) if values else None  # noqa: E731
    return {"p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "max": at(1.0)}


def campaign(directory, seed=1, minutes=10.0, rate_per_minute=1000.0, period_s=5.0, mends_after_s=20.0):
    """Run it; give the figures."""
    run = Campaign(directory, seed)
    try:
        run.start()
        time.sleep(15)
        breaker = threading.Thread(target=run.havoc, args=(period_s, mends_after_s))
        breaker.start()
        try:
            run.demand(rate_per_minute / 60, 60 * minutes)
        finally:
            run.stop.set()
            breaker.join()
        run.settle()
        return run.figures()
    finally:
        run.close()
        control.down(run.run)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=1000.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(json.dumps(campaign(given.directory, given.seed, given.minutes, given.rate), indent=2))
