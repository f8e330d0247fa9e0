"""A key stream between two applications whose KMEs are killed: what each end got, chunk by chunk."""

import random
import threading
import uuid
from time import sleep

from qkdctl.errors import KmeError
from qkdctl.kme.streams.client import StreamRefused
from qkdctl.kme.streams.frames import Status

ENDS = {"alice": ("SAE_A", "SAE_B"), "bob": ("SAE_B", "SAE_A")}
CHUNK_BYTES = 64
TIMEOUT_MS = 400


class StreamLoad(threading.Thread):
    """Fetches chunk after chunk at both ends, in any order.

    Attributes
    ----------
    got : dict
        Values by number and end.
    broken : set
        Numbers and ends that had nothing of it: it was lost on its way.
    wrong : list
        What must not happen.
    """

    def __init__(self, lab, seed):
        super().__init__()
        self._chance = random.Random(seed)
        self._ksid = uuid.UUID(bytes=self._chance.randbytes(16), version=4)
        self._clients = {party: lab.streams(sae, party) for party, (sae, _) in ENDS.items()}
        self._streams = {}
        self.stop = threading.Event()
        self.got, self.broken, self.wrong = {}, set(), []

    def run(self):
        index = 0
        while not self.stop.is_set():
            for party in self._chance.sample(list(ENDS), 2):
                self._fetch(party, index)
            index += 1
        for client in self._clients.values():
            client.hang_up()

    def finish(self):
        """Let the chunk that it is at be fetched at both ends, both servers being there."""
        self.stop.set()
        self.join()

    def values(self):
        """One value for each number that anybody got; notes what differs."""
        for index, ends in self.got.items():
            if len(set(ends.values())) != 1:
                self.wrong.append(f"chunk {index} is different at the two ends")
        return {f"{self._ksid} {index}": next(iter(ends.values())) for index, ends in self.got.items()}

    def _fetch(self, party, index):
        while True:
            try:
                value = self._open(party).get(index).value.reveal()
            except StreamRefused as refused:
                if refused.status == Status.INSUFFICIENT_KEY:
                    self.broken.add((index, party))
                    return
                self._start_over(party)
            except KmeError:
                self._start_over(party)
            else:
                self.got.setdefault(index, {})[party] = value
                self._try_again(party, index)
                return

    def _try_again(self, party, index):
        if self._chance.random() < 0.3:
            try:
                self._open(party).get(index)
            except KmeError:
                return
            self.wrong.append(f"chunk {index} was given twice at {party}'s end")

    def _open(self, party):
        if party not in self._streams:
            for end in ENDS:
                stream = self._clients[end].open(
                    *ENDS[end], self._ksid, chunk_bytes=CHUNK_BYTES, timeout_ms=TIMEOUT_MS
                )
                self._streams[end] = stream
        return self._streams[party]

    def _start_over(self, party):
        """Open the stream again, on a new connection."""
        self._streams.clear()
        self._clients[party].hang_up()
        sleep(0.02)
