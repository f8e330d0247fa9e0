"""One contract for all lines: bytes, deadlines, and errors that say what to do."""

from __future__ import annotations

import os
import pty
import socket
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import zmq

from drivers.emulation.models.base import OwnPort, QuietLine
from drivers.errors import AddressError, ConnectionFailed, NoAnswer
from drivers.transport.addresses import open_transport
from drivers.transport.base import Transport
from drivers.transport.memory import Models, Replies

#: The far end says this back, and nothing to other words.
QUESTION, ANSWER = b"who?\n", b"me\n"


class Parrot(QuietLine):
    def feed(self, data: bytes, now_s: float) -> Replies:
        return [(now_s + 0.001, ANSWER)] if data == QUESTION else []


def answers(data: bytes) -> bytes:
    return ANSWER if data == QUESTION else b""


@contextmanager
def thread(work: Callable[[], None]) -> Iterator[None]:
    running = threading.Thread(target=work, daemon=True)
    running.start()
    yield
    running.join(60)
    assert not running.is_alive()


@contextmanager
def tcp_end() -> Iterator[str]:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(60)

        def serve() -> None:
            line, _ = server.accept()
            with line:
                while data := line.recv(100):
                    line.sendall(answers(data))

        with thread(serve):
            yield f"tcp://127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def serial_end() -> Iterator[str]:
    near, far = pty.openpty()
    tty.setraw(near)
    tty.setraw(far)
    going = True

    def serve() -> None:
        os.set_blocking(near, False)
        while going:
            try:
                os.write(near, answers(os.read(near, 100)))
            except BlockingIOError:
                time.sleep(0.001)

    with thread(serve):
        yield f"serial://{os.ttyname(far)}"
        going = False
    os.close(near)
    os.close(far)


@contextmanager
def zeromq_end() -> Iterator[str]:
    with zmq.Context() as context, context.socket(zmq.REP) as server:
        port = server.bind_to_random_port("tcp://127.0.0.1")
        going = True

        def serve() -> None:
            while going:
                if server.poll(5):
                    server.send(answers(server.recv()) or b"?")

        with thread(serve):
            yield f"zmq://127.0.0.1:{port}"
            going = False


@contextmanager
def memory_end() -> Iterator[str]:
    yield "mem:parrot"


@contextmanager
def visa_end() -> Iterator[str]:
    with tcp_end() as address:
        port = address.rpartition(":")[2]
        yield f"visa://TCPIP0::127.0.0.1::{port}::SOCKET?backend=@py"


ENDS = {
    "tcp": tcp_end,
    "serial": serial_end,
    "zmq": zeromq_end,
    "mem": memory_end,
    "visa": visa_end,
}
MODELS = Models({"parrot": OwnPort(lambda _: Parrot())})


@pytest.fixture(params=ENDS)
def line(request: pytest.FixtureRequest) -> Iterator[Transport]:
    with ENDS[request.param]() as address:
        transport = open_transport(address, MODELS)
        yield transport
        transport.close()


def read_all(line: Transport, n: int) -> bytes:
    data = b""
    while len(data) < n:
        data += line.read(60.0)
    return data


def test_an_answer_comes_back(line: Transport) -> None:
    for _ in range(3):
        line.write(QUESTION)
        assert read_all(line, len(ANSWER)) == ANSWER


def test_silence_is_no_answer_after_the_deadline_and_not_before(line: Transport) -> None:
    began_s = line.now_s()
    with pytest.raises(NoAnswer, match=r"no answer within 0\.05 s"):
        line.read(0.05)
    assert 0.045 < line.now_s() - began_s < 60


def test_it_can_be_asked_after_it_was_silent(line: Transport) -> None:
    with pytest.raises(NoAnswer):
        line.read(0.01)
    line.write(QUESTION)
    assert read_all(line, len(ANSWER)) == ANSWER


def test_nothing_goes_over_a_closed_line(line: Transport) -> None:
    line.close()
    line.close()
    with pytest.raises(ConnectionFailed, match=r".+: .*(closed|dead|cannot)"):
        line.write(QUESTION)


def test_time_passes_while_it_pauses(line: Transport) -> None:
    began_s = line.now_s()
    line.pause(0.02)
    assert line.now_s() - began_s >= 0.019


def test_its_address_says_where_it_leads(line: Transport) -> None:
    assert line.address.partition(":")[0] in ENDS


def test_a_late_answer_over_zeromq_is_not_taken_for_the_next_one() -> None:
    with zmq.Context() as context, context.socket(zmq.ROUTER) as server:
        port = server.bind_to_random_port("tcp://127.0.0.1")
        line = open_transport(f"zmq://127.0.0.1:{port}")
        line.write(b"first")
        first = server.recv_multipart()
        with pytest.raises(NoAnswer, match="ZeroMQ cannot tell a slow instrument from none"):
            line.read(0.01)
        line.write(b"second")
        second = server.recv_multipart()
        server.send_multipart([*first[:-1], b"late"])
        server.send_multipart([*second[:-1], b"right"])
        assert line.read(60.0) == b"right"
        line.close()


def test_an_instrument_that_hangs_up_is_told() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        line = open_transport(f"tcp://127.0.0.1:{server.getsockname()[1]}")
        server.accept()[0].close()
        with pytest.raises(ConnectionFailed, match="closed the connection"):
            line.read(60.0)
        line.close()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("tcp://127.0.0.1:1", "nothing answers .*check that the instrument is on"),
        ("serial:///dev/no-such-port", "cannot be opened .*check the cable"),
        ("file:///dev/no-such-device", "cannot be opened .*may read it"),
    ],
)
def test_where_nothing_is_the_error_says_what_to_look_at(address: str, words: str) -> None:
    with pytest.raises(ConnectionFailed, match=words):
        open_transport(address)


def test_a_visa_library_may_notice_only_when_something_is_said() -> None:
    """PyVISA-py opens a socket without waiting for it to be there."""
    line = open_transport("visa://TCPIP0::127.0.0.1::1::SOCKET?backend=@py")
    with pytest.raises(ConnectionFailed, match="the line went dead"):
        line.write(b"*IDN?\n")
    line.close()


def test_a_visa_library_that_is_not_there_is_told() -> None:
    with pytest.raises(AddressError, match=r"no VISA library can be used .* add \?backend=@py"):
        open_transport("visa://GPIB0::28::INSTR?backend=/no/such/library.so")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "is not an address; it should look like tcp://"),
        ("/dev/ttyACM0", "is not an address"),
        ("http://192.0.2.1", "is not an address"),
        ("tcp://192.0.2.1", "needs a host and a port, such as tcp://192.0.2.1:5025"),
        ("tcp://:5025", "needs a host and a port"),
        ("tcp://192.0.2.1:port", "needs a host and a port"),
        ("zmq://192.0.2.1:99999", "needs a host and a port"),
        ("serial:///dev/ttyACM0?speed=9600", "option 'speed' is not one of baudrate"),
        ("serial:///dev/ttyACM0?baudrate=fast", "baudrate"),
        ("mem:nobody", "there is no such model here; there are: mem:parrot"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused(address: str, words: str) -> None:
    with pytest.raises(AddressError, match=words):
        open_transport(address, MODELS)


def test_a_device_is_read_and_never_written(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "device")
    line = open_transport(f"file://{tmp_path}/device")
    far = os.open(tmp_path / "device", os.O_WRONLY)
    os.write(far, b"\x01\x02")
    assert line.read(1.0) == b"\x01\x02"
    with pytest.raises(NoAnswer, match="gave nothing within"):
        line.read(0.01)
    with pytest.raises(ConnectionFailed, match="is only read"):
        line.write(b"x")
    os.close(far)
    with pytest.raises(ConnectionFailed, match="has come to its end"):
        line.read(0.1)
    line.close()
