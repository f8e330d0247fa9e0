"""An event loop without waiting: what its tasks sleep through passes at once, and nothing else takes time."""

import asyncio


class HurriedLoop(asyncio.SelectorEventLoop):
    """Its time goes on only while there is nothing to do, however slow the machine is."""

    def __init__(self):
        super().__init__()
        self._now_s = 0.0
        self._select, self._selector.select = self._selector.select, self._hurry

    def time(self):
        return self._now_s

    def _hurry(self, timeout=None):
        self._now_s += timeout or 0.0
        return self._select(timeout and 0)


def run_hurried(work):
    """Run a coroutine, as ``asyncio.run`` does."""
    with asyncio.Runner(loop_factory=HurriedLoop) as runner:
        return runner.run(work)
