"""One process of a node."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import NoReturn

from postproc.parameters.session import DecoyBb84
from postproc.protocols import Party, proof_of, stages
from qkdctl.calibration.record import Calibration, read_calibration
from qkdctl.calibration.use import calibrated
from qkdctl.config.load import load_scenario
from qkdctl.config.scenario import Scenario
from qkdctl.keystore.entry import Origin
from qkdctl.keystore.sink import sink_for
from qkdctl.keystore.store import KeyStore
from qkdctl.node import signals
from qkdctl.node.acquire import Acquisition
from qkdctl.node.channel import Channel
from qkdctl.node.clock_teller import ClockTeller
from qkdctl.node.failure import write_failure
from qkdctl.node.instruments import open_entropy, open_source
from qkdctl.node.layout import split
from qkdctl.node.levels import StoreWatch
from qkdctl.node.memory import give_arrays_back
from qkdctl.node.observation import tell_of
from qkdctl.node.segment import QUIET_S, Segment
from qkdctl.node.source import Source
from qkdctl.node.spec import NodeSpec, read_spec
from qkdctl.node.wiring import Wiring
from qkdctl.recording.deck import deck

PAUSE_S = 0.05
TERMINATED = 143


def main(directory: Path, name: str) -> int:
    """Be the process `name` of the node in `directory`; give the exit code."""
    # Ctrl-C in a terminal reaches all processes; the supervisor decides how they end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Whoever is told to end makes its instruments safe first; so does whoever loses its supervisor.
    signal.signal(signal.SIGTERM, _end)
    spec = read_spec(directory)
    try:
        calibration = read_calibration(Path(spec.calibration)) if spec.calibration else None
        scenario = calibrated(load_scenario(Path(spec.scenario)), calibration)
        with Wiring(spec, name) as wiring:
            if name == "acquire":
                acquire(spec, scenario, wiring, calibration)
            elif name == "channel":
                channel(spec, scenario, wiring)
            else:
                segment(spec, scenario, wiring, int(name.removeprefix("stages-")))
    except Exception as error:
        return write_failure(spec.path, name, error)
    return 0


def _end(number: int, frame: FrameType | None) -> NoReturn:
    """End, and let nobody interrupt what that takes: a second word would cut short what makes instruments safe."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(TERMINATED)


def acquire(spec: NodeSpec, scenario: Scenario, wiring: Wiring, calibration: Calibration | None) -> None:
    """Be the acquisition."""
    give_arrays_back()
    parameters = scenario.parameters
    slot_s = 1 / parameters.slot_hz if isinstance(parameters, DecoyBb84) else 0.0

    def open_here() -> Source:
        return open_source(spec, scenario, wiring.tell, calibration)

    Acquisition(spec.role, open_here, wiring, spec.duration_s, slot_s).run()


def segment(spec: NodeSpec, scenario: Scenario, wiring: Wiring, place: int) -> None:
    """Be a run of stages."""
    proof, _ = proof_of(scenario.parameters)
    origin = Origin(scenario.name, scenario.parameters.protocol, proof.name, scenario.waived)
    with (
        open_entropy(spec, scenario) as entropy,
        KeyStore(Path(spec.store), spec.role) as store,
        deck(spec, place, store) as recorder,
    ):
        sink = recorder.sink(sink_for(store, spec.label, origin))
        party = Party(spec.role, recorder.entropy(entropy), store.pool, sink)
        group = split(stages(scenario.parameters, party), spec.layout)[place]
        here = Segment(
            group,
            upstream=wiring.stream(place, bind=True),
            downstream=wiring.stream(place + 1, bind=False),
            channel=wiring.frames(place, bind=False),
            observe=lambda stage, message: tell_of(stage, message, wiring.tell),
            tap=recorder.tap,
            relays=any("cut" in later for later in spec.layout[place + 1 :]),
            quiet_s=QUIET_S + 10 * scenario.parameters.block_s,
        )
        clock = ClockTeller(group, wiring.tell)
        # The last stages are those that fill the store.
        level = StoreWatch(store, wiring.tell) if place == len(spec.layout) - 1 else None
        while not here.settled:
            if not here.turn(monotonic()):
                wiring.wait(PAUSE_S)
            clock.look(monotonic())
            if level is not None:
                level.look(monotonic())


def channel(spec: NodeSpec, scenario: Scenario, wiring: Wiring) -> None:
    """Be the channel, until the supervisor says that everything is said and the other node has it."""
    hosts = {name: place for place, group in enumerate(spec.layout) for name in group}
    here = Channel(wiring.peer(), [wiring.frames(p, bind=True) for p in range(len(spec.layout))], hosts)
    control = wiring.control(bind=False)
    leaving = reported = False
    while not (leaving and here.settled and control.link.settled):
        busy = here.turn(monotonic())
        control.pump(monotonic())
        while (word := control.link.receive()) is not None:
            leaving = True
            here.take_leave(word)
            control.link.done()
        if here.peer_ended and not reported:
            reported = True
            control.link.send(here.last_word or signals.LOST + str(here.lost).encode())
            control.pump(monotonic())
        if not busy:
            wiring.wait(PAUSE_S)
