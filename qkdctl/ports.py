"""TCP ports for servers that go down and come up again at the same address.

The system gives a server that asks for any port one of the range from which it also gives outgoing connections theirs.
While such a server is down, a client of anybody can be given its port; on one machine even its own client, which then
is connected to itself. It cannot come up again. So these ports are of another range.
"""

from __future__ import annotations

import errno
import random
import socket
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
DEFAULT_RANGE = (32768, 60999)
FIRST, LAST = 10_000, 65_535
FEWEST = 1000
LOOPBACK = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


def ports_apart() -> Iterator[int]:
    """Give ports that no outgoing connection is given, in random order; somebody may listen there."""
    low, high = _outgoing()
    below, above = range(FIRST, low), range(max(high + 1, FIRST), LAST + 1)
    ports = max(below, above, key=len)
    if len(ports) < FEWEST:
        ports = range(FIRST, LAST + 1)
    yield from random.SystemRandom().sample(ports, len(ports))


def free_ports(count: int) -> list[int]:
    """Give so many ports of the loopback interface that nobody listens on now, and no outgoing connection is given."""
    return list(islice(filter(_is_free, ports_apart()), count))


def _outgoing() -> tuple[int, int]:
    with suppress(OSError, ValueError):
        low, high = map(int, RANGE.read_text().split())
        return low, high
    return DEFAULT_RANGE


def _is_free(port: int) -> bool:
    for family, address in LOOPBACK:
        try:
            with socket.socket(family) as probe:
                probe.bind((address, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            # There is no IPv6 here: nobody listens there either.
    return True
