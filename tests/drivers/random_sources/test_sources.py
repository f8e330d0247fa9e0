from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from drivers.emulation.models.random_device import RandomDeviceModel
from drivers.errors import AddressError, ConnectionFailed, NoAnswer, RandomnessFailed
from drivers.identity import is_emulated
from drivers.registry import open_instrument
from drivers.transport.memory import Models


@pytest.fixture
def model() -> RandomDeviceModel:
    return RandomDeviceModel(np.random.default_rng(5))


def opened(model: RandomDeviceModel):
    return open_instrument(
        "alice.random", "device-random", "mem:it", models=Models({"it": model.ports["main"]})
    )


def test_the_system_gives_bytes() -> None:
    with open_instrument("alice.random", "system-random", "") as source:
        one, other = source.bytes(1000), source.bytes(1000)
        assert len(one) == 1000
        assert one != other
        assert source.bytes(0) == b""
        assert [finding.good for finding in source.self_test()] == [True]
        assert is_emulated(source.identity()) == "no"


def test_a_device_gives_every_byte_once_after_the_first_thousand(model: RandomDeviceModel) -> None:
    with opened(model) as source:
        given = source.bytes(5000) + source.bytes(1) + source.bytes(999)
    assert given == np.random.default_rng(5).bytes(8192)[1024 : 1024 + 6000]
    assert is_emulated(source.identity()) == "yes"


def test_a_device_that_gets_stuck_stays_failed(model: RandomDeviceModel) -> None:
    with opened(model) as source:
        model.stuck = True
        with pytest.raises(RandomnessFailed, match=r"alice.random: the same byte came \d+ times in a row"):
            source.bytes(20_000)
        model.stuck = False
        with pytest.raises(RandomnessFailed, match="do not use it"):
            source.bytes(1)
        (finding,) = source.self_test()
        assert not finding.good


def test_a_device_that_is_stuck_from_the_start_does_not_open(model: RandomDeviceModel) -> None:
    model.stuck = True
    with pytest.raises(RandomnessFailed):
        opened(model)


def test_a_real_device_file_is_read() -> None:
    with open_instrument("alice.random", "device-random", "file:///dev/urandom") as source:
        assert len(source.bytes(100_000)) == 100_000


def test_a_device_that_is_not_there_or_ends_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConnectionFailed, match="cannot be opened"):
        open_instrument("alice.random", "device-random", f"file://{tmp_path}/hwrng")
    short = tmp_path / "short"
    short.write_bytes(np.random.default_rng(1).bytes(2000))
    source = open_instrument("alice.random", "device-random", f"file://{short}")
    with source, pytest.raises(ConnectionFailed, match="has come to its end"):
        source.bytes(5000)


def test_a_device_that_falls_silent_is_told() -> None:
    class Silent:
        def connect(self, now_s: float) -> Silent:
            return self

        def poll(self, now_s: float) -> list[tuple[float, bytes]]:
            return []

        def next_s(self, now_s: float) -> float:
            return float("inf")

        def hang_up(self) -> None:
            pass

    with pytest.raises(NoAnswer, match=r"alice.random: has no random bytes left"):
        open_instrument("alice.random", "device-random", "mem:it", models=Models({"it": Silent()}))


def test_the_system_has_no_address() -> None:
    with pytest.raises(AddressError):
        open_instrument("alice.random", "system-random", {"main": "tcp://127.0.0.1:1"})
