"""A line between two TCP ends that is slow, and breaks when it is told to."""

import asyncio
import threading


class Forwarder:
    """Carries bytes to an address, each `delay_s` later; new connections are made as often as somebody wants one.

    Parameters
    ----------
    host, port : str, int
        Where to.
    delay_s : float
        One way.
    """

    def __init__(self, host, port, delay_s):
        self._target, self._delay_s = (host, port), delay_s
        self._writers = set()
        self.connections = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self):
        """Break every connection."""
        self._loop.call_soon_threadsafe(self._cut)

    def slow_down(self, delay_s):
        """Carry each byte so much later from now on."""
        self._delay_s = delay_s

    def close(self):
        """Carry nothing more."""
        self.cut()
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, task):
        return asyncio.run_coroutine_threadsafe(task, self._loop).result(5)

    def _cut(self):
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, reader, writer):
        self.connections += 1
        there, back = await asyncio.open_connection(*self._target)
        self._writers |= {writer, back}
        await asyncio.gather(self._carry(reader, back), self._carry(there, writer))

    async def _carry(self, reader, writer):
        late = asyncio.Queue()
        sender = asyncio.ensure_future(self._deliver(late, writer))
        try:
            while data := await reader.read(2**16):
                await late.put((self._loop.time() + self._delay_s, data))
        except OSError:
            pass
        # What is under way arrives, though its sender has hung up.
        await late.put(None)
        await asyncio.gather(sender, return_exceptions=True)
        writer.transport.abort()

    async def _deliver(self, late, writer):
        while (item := await late.get()) is not None:
            due_s, data = item
            await asyncio.sleep(max(due_s - self._loop.time(), 0))
            writer.write(data)
            await writer.drain()
