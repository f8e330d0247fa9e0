"""A TCP line that is slow and loses: ``python lossy_line.py LISTEN:PORT TO:PORT DELAY_S LOSS``.

A TCP forwarder cannot lose bytes; what a lost segment does to TCP it can: everything behind it waits until the segment
was sent again, one retransmission time-out (200 ms on Linux) later. Standard library only.
"""

import asyncio
import random
import sys

SEGMENT = 1448
AGAIN_S = 0.2


async def carry(reader, writer, delay_s, loss, dice):
    """Carry bytes one way: each segment `delay_s` late, one in 1 / `loss` later by a time-out, in order."""
    loop, late = asyncio.get_running_loop(), asyncio.Queue(4096)

    async def deliver():
        while (item := await late.get()) is not None:
            due_s, data = item
            await asyncio.sleep(due_s - loop.time())
            writer.write(data)
            await writer.drain()
        writer.close()

    sender, free_s = asyncio.ensure_future(deliver()), 0.0
    try:
        while data := await reader.read(SEGMENT):
            lost = dice.random() < loss
            free_s = max(free_s, loop.time() + delay_s + AGAIN_S * lost)
            await late.put((free_s, data))
    except OSError:
        pass
    await late.put(None)
    await asyncio.gather(sender, return_exceptions=True)


async def main(listen, to, delay_s, loss):
    """Serve for ever."""
    dice = random.Random(1)

    async def serve(reader, writer):
        there, back = await asyncio.open_connection(*to)
        await asyncio.gather(
            carry(reader, back, delay_s, loss, dice), carry(there, writer, delay_s, loss, dice)
        )

    server = await asyncio.start_server(serve, *listen)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    places = [(host, int(port)) for host, _, port in (each.rpartition(":") for each in sys.argv[1:3])]
    asyncio.run(main(*places, float(sys.argv[3]), float(sys.argv[4])))
