"""Ctrl-C at any moment: exit 130, what was finished is kept at both ends, and the next run goes on."""

import os
import random
import signal
import subprocess
import sys
from contextlib import contextmanager, nullcontext

import pytest

from qkdctl.cli.interrupt import stoppable, unwinding
from qkdctl.config.load import load_scenario
from qkdctl.keystore.pair import PARTIES, both_stores, ensure_shared_key, settle
from qkdctl.process import process
from tests.cli.conftest import DECOY
from tests.cli.conftest import recorded as record


def kept(directory):
    """Keys that both stores hold, after looking that they agree."""
    with both_stores(directory) as stores:
        entries = [{entry.id: entry.state for entry in stores[party].entries()} for party in PARTIES]
        assert entries[0] == entries[1]
        for name in entries[0]:
            assert stores["alice"].value(name) == stores["bob"].value(name)
    assert set(entries[0].values()) <= {"confirmed"}
    return set(entries[0])


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """Ten blocks."""
    table = DECOY | {"emulation": DECOY["emulation"] | {"duration_s": 0.206}}
    return record(tmp_path_factory.mktemp("long"), table, "alice_states.h5")


class Stop:
    """Asks to stop when it is asked for the n-th time."""

    def __init__(self, after):
        self.after, self.asked = after, 0

    def __call__(self):
        self.asked += 1
        return self.asked > self.after


@pytest.fixture
def stopped(qkdctl, monkeypatch, tmp_path):
    """Run with a Ctrl-C that comes in time for the n-th look."""

    def run(recorded, after, store):
        stop = Stop(after)

        @contextmanager
        def at_that_moment():
            yield stop

        monkeypatch.setattr("qkdctl.cli.process.stoppable", at_that_moment)
        done = qkdctl("process", *recorded.arguments, "--json", "--store", store)
        return done, stop.asked, kept(tmp_path / store)

    return run


@pytest.mark.parametrize("link", ["decoy", "pairs"])
def test_a_run_stops_at_any_look_with_what_was_finished(stopped, request, link):
    recorded = request.getfixturevalue(link)
    whole, looks, keys = stopped(recorded, 10**9, "whole")
    assert whole.code == 0
    chance = random.Random(5)
    for place, after in enumerate([0, 1, *(chance.randrange(looks) for _ in range(4))]):
        done, _, held = stopped(recorded, after, f"stopped-{place}")
        if done.code == 0:  # nothing but last words was left to say
            assert len(held) == len(keys)
            continue
        assert done.code == 130
        assert done.err == "interrupted; what was finished is in the key stores\n"
        finished = [block for block in done.json["blocks"] if block["outcome"] == "key"]
        assert {block["key_id"] for block in finished} <= held
        assert len(held) < len(keys)
    check_next_run(stopped, recorded, f"stopped-{place}", held)


def check_next_run(stopped, recorded, store, held):
    """It finds nothing in its way, and adds to what is there."""
    done, _, now = stopped(recorded, 10**9, store)
    assert done.code == 0
    assert held < now


def test_finished_blocks_are_told_and_kept(qkdctl, long, tmp_path, monkeypatch):
    """Ctrl-C comes as soon as Bob has his second key."""
    runs = []

    @contextmanager
    def after_two_keys():
        yield lambda: bool(runs) and len(runs[-1].keys("bob")) >= 2

    monkeypatch.setattr("qkdctl.cli.process.stoppable", after_two_keys)
    monkeypatch.setattr("qkdctl.cli.process.watching", lambda: nullcontext(runs.append))
    done = qkdctl("process", *long.arguments, "--json")
    assert done.code == 130
    finished = {block["key_id"] for block in done.json["blocks"] if block["outcome"] == "key"}
    assert 2 <= len(finished) < 10
    assert finished == kept(tmp_path / "qkdctl-keys")
    assert done.json["keys_equal"] is True


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_the_first_ctrl_c_or_sigterm_asks_and_the_second_stops_at_once(first):
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with stoppable() as stop:
        assert not stop()
        os.kill(os.getpid(), first)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers


def test_a_process_that_is_not_to_be_interrupted_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stoppable() as stop:
            os.kill(os.getpid(), signal.SIGINT)
            assert not stop()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


# An exception in the midst of a destructor is lost, and one in the midst of tidying up leaves a file or a database for
# the garbage collector to close.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.campaign) for seed in range(2, 12))]
)
def test_an_exception_at_any_instruction_leaves_both_ends_whole(decoy, tmp_path, seed):
    """As the second Ctrl-C does: after so much time of the CPU, wherever the run is then."""
    chance = random.Random(seed)
    for _ in range(6):
        after_s = chance.uniform(0.001, 0.6)
        interrupted_after(after_s, decoy, tmp_path / "keys")
        before = kept_when_settled(tmp_path / "keys")
    assert interrupted_after(0, decoy, tmp_path / "keys") is False
    assert before < kept_when_settled(tmp_path / "keys")


def interrupted_after(seconds, recorded, directory):
    scenario = load_scenario(recorded.config)
    before = signal.signal(signal.SIGVTALRM, signal.default_int_handler)
    try:
        with both_stores(directory) as stores:
            ensure_shared_key(stores, 16)
            signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
            try:
                files = {"alice": recorded.alice, "bob": recorded.bob}
                return process(files, dict.fromkeys(PARTIES, scenario), stores).interrupted
            finally:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    except KeyboardInterrupt:
        return True
    finally:
        signal.signal(signal.SIGVTALRM, before)


def kept_when_settled(directory):
    with both_stores(directory) as stores:
        settle(stores)
    return kept(directory)


#: Python itself dies of a Ctrl-C before the first line of ours; the test waits until that is past.
PROGRAM = "import sys\nfrom qkdctl.cli import main\nprint('up', file=sys.stderr, flush=True)\nmain()"


def signalled_after(seconds, number, long, directory):
    command = [sys.executable, "-c", PROGRAM, "process", *map(os.fspath, long.arguments), "--json"]
    with subprocess.Popen(
        [*command, "--store", directory], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stderr.readline() == "up\n"
        try:
            run.wait(seconds)
        except subprocess.TimeoutExpired:
            run.send_signal(number)
        out, err = run.communicate()
    return run.returncode, out, err


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.campaign) for seed in range(2, 22))]
)
def test_a_real_ctrl_c_at_any_moment(long, tmp_path, seed):
    chance = random.Random(seed)
    for _ in range(3):
        moment = chance.uniform(0, 2.5)
        code, out, err = signalled_after(moment, signal.SIGINT, long, tmp_path / "keys")
        assert code in (0, 130)
        assert "Traceback" not in err
        assert code == 0 or err.strip().startswith("interrupted")
        if code == 0:
            assert out
            assert not err
        kept(tmp_path / "keys")


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.campaign) for seed in range(2, 22))]
)
def test_a_run_that_is_killed_leaves_what_the_next_one_settles(long, tmp_path, seed):
    chance = random.Random(seed)
    for _ in range(2):
        code, out, _ = signalled_after(chance.uniform(0.3, 2), signal.SIGKILL, long, tmp_path / "keys")
        assert code in (0, -signal.SIGKILL)
        assert out or code  # it may have said everything when it is killed
        kept_when_settled(tmp_path / "keys")
    code, out, _ = signalled_after(60, signal.SIGKILL, long, tmp_path / "keys")
    assert code == 0
    assert len(kept(tmp_path / "keys")) >= 10


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_holds_instruments_leaves_at_once_and_tidies_up_in_peace(first, heard):
    before, tidied = signal.getsignal(signal.SIGTERM), []

    @contextmanager
    def tidied_up():
        try:
            yield
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            tidied.append(True)

    with pytest.raises(KeyboardInterrupt), unwinding(), tidied_up():
        os.kill(os.getpid(), first)
    assert tidied
    assert signal.getsignal(signal.SIGTERM) is before
