"""Other people's programs talk to the emulated instruments, unmodified, over real sockets and pseudo-terminals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.drivers.stands import Stand, on_rack, one_of

Host = Callable[[str], tuple[Stand, str]]


@pytest.fixture
def host() -> Iterator[Host]:
    """Hosts an instrument; gives its stand and full name."""
    with ExitStack() as stack:

        def up(driver: str) -> tuple[Stand, str]:
            parties, full = one_of(driver)
            return stack.enter_context(on_rack(parties)), full

        yield up


def port_of(stand: Stand, full: str) -> int:
    return int(str(stand.addresses[full]).rpartition(":")[2])


def device_of(stand: Stand, full: str) -> str:
    return str(stand.addresses[full]).removeprefix("serial://")


def socket_resource(stand: Stand, full: str) -> str:
    return f"TCPIP0::127.0.0.1::{port_of(stand, full)}::SOCKET"


@pytest.fixture
def qmi() -> Iterator[Any]:
    """A context of QMI (Delft), which runs its instruments in threads of its own."""
    context_module = pytest.importorskip("qmi.core.context")
    context = context_module.QMI_Context("bench")
    context.start()
    yield context
    context.stop()
