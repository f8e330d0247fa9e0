"""A calibration that a service manager ends leaves the bench dark."""

import signal
import subprocess
import sys

import pytest

from qkdctl.config.load import load_scenario
from qkdctl.node.addresses import write_addresses
from qkdctl.rack import make_rack


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_light_is_off_after_it(tmp_path, quick, heard, number):
    with make_rack(load_scenario(quick), 1) as rack:
        write_addresses(tmp_path / "rack.json", rack.control_address, rack.addresses)
        # The first step that has light on, and looks at it for seconds.
        arguments = ["calibrate", str(quick), "--addresses", "rack.json", "--only", "delays"]
        with subprocess.Popen(
            [sys.executable, "-m", "qkdctl", *arguments], cwd=tmp_path, stderr=subprocess.PIPE, text=True
        ) as run:
            while "1" not in rack.say("alice.laser", "lason").split():
                assert run.poll() is None, run.stderr.read()
            run.send_signal(number)
            _, err = run.communicate(timeout=100)
        assert run.returncode == 130, err
        assert err.splitlines()[-1] == "interrupted"
        assert rack.say("alice.laser", "lason").split() == ["lason", "0", ">>"]
