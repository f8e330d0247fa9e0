"""All alarms by name, and those that only show from outside a node: what a monitor, a log or a hook tells of.

``docs/alarms.md`` has the table, and a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from postproc.types import Alarm, Role
from qkdctl.live import NodeView

SILENT_S = 6.0
"""A node that records tells its rates every second; so long without a word, and something is wrong."""

QBER_HIGH = 0.08
"""No proof here makes key of a useful length above; whoever measures and resends all pulses makes 0.25."""


@dataclass(frozen=True)
class Entry:
    """What is to be known about an alarm.

    Attributes
    ----------
    name : str
    severities : str
        As it can come.
    condition, what_to_do : str
    """

    name: str
    severities: str
    condition: str
    what_to_do: str


TABLE = tuple(
    Entry(*row)
    for row in (
        ("laser-dark", "error", "the power at Alice's tap is below a tenth of the most it was, or below 0.1 nW",
         "look at the laser's current, its interlock and its fibre"),
        ("shutter-closed", "error", "Alice's attenuator says that its shutter is closed while she sends",
         "open it, or find out who closed it"),
        ("count-drop", "error", "a receiver counts less than a fifth of the most it did",
         "if Alice's light is on, look at the fibre, then at the detectors' bias"),
        ("detector-drop", "error", "one detector counts less than a fifth of the most it did, and others go on",
         "it has latched or lost its fibre: switch its bias off and on"),
        ("detector-silent", "warning", "a detector of the scenario never clicked in the whole session",
         "switch it on, or correct its channel in the scenario"),
        ("detector-echo", "info or warning", "a detector's clicks are followed by a second one at a fixed delay",
         "set the hold-off above that delay; look for a reflection"),
        ("detector-afterpulsing", "warning", "more than a tenth of a detector's clicks come soon after others",
         "raise its dead time or its temperature, lower its bias"),
        ("detector-count-drop", "warning", "a detector's share of all clicks was far below usual for some seconds",
         "look at its bias, its fibre and its cable"),
        ("detector-saturation", "warning", "all detectors are ignored for more than half of the time",
         "attenuate the light, or agree on a shorter hold-off"),
        ("efficiency-mismatch", "warning", "two detectors of a basis click at rates that differ by more than a quarter",
         "align the receiver, trim bias or coupling"),
        ("qber-high", "error", "the error rate of the last tested block is above 8 %",
         "stop using the link until it is explained: misaligned polarisation, a wrong gate, or an eavesdropper"),
        ("block-without-key", "warning", "the last block was refused or aborted",
         "read its reason; other alarms often say more"),
        ("key-quarantined", "error", "a key does not look random at one end or both",
         "check the random source; `qkdctl bench` checks the kernels; then look at the machine's memory"),
        ("node-silent", "error", "a node that should be recording has told nothing for 6 seconds",
         "see whether its machine and its processes run; restart the session"),
        ("node-paused", "error", "a session broke, and no other one records yet",
         "mend what the terminal names; the node goes on by itself (--restarts)"),
        ("node-failed", "error", "a node ended because an instrument, a process or the other node failed",
         "mend what the terminal and the report name, and start again; --restarts does that by itself"),
        ("disk-full", "error", "there was no room to write a key, a result or a recording",
         "make room; with --restarts the node goes on by itself, and no confirmed key is lost"),
        ("clock-stepped", "warning", "this computer's clock was set by more than 2 seconds, or it slept",
         "see that it is right: sessions do not run by it, but keys bear its dates and expire by it"),
        ("retuning", "info", "a block was refused, and the command of --retune runs", "nothing"),
        ("retune-failed", "warning", "the command of --retune could not be run, failed, or took too long",
         "run it by hand and read what it says"),
        ("slots-lost", "error", "it is no longer known which click belongs to which slot",
         "nothing, if the clock locks again; otherwise look at both clocks' references"),
        ("timing-leak", "info or warning", "what published arrival times tell about the bits",
         "calibrate the detectors' delays"),
        ("block-unfilled", "info or warning", "the recording ended inside a block",
         "record longer, or take shorter blocks"),
        ("unexpected-message", "warning", "the other party said something that makes no sense",
         "see that both run the same version; if so, somebody may be on the line"),
        ("calibration-stale", "warning", "a step was calibrated longer ago than `calibration.max_age_h`",
         "calibrate anew: `qkdctl calibrate`"),
        ("calibration-foreign", "warning", "another instrument stands at a place than the one that was calibrated",
         "calibrate anew; until then its calibrated settings are left out"),
        ("shared-key-made-here", "info", "no pre-shared key was given, and one was made on this machine",
         "nothing on one machine; two nodes need one carried to both"),
        ("node-down", "error", "a node or a satellite of a [network](network.md) does not run",
         "`qkdctl network heal NODE`"),
        ("key-server-silent", "warning", "a node of a network has written nothing for 15 seconds",
         "look into its `node.log`; kill it and start it again"),
        ("link-down", "error", "a link of a network is cut, or its ends do not hear each other",
         "look at the line between both; `qkdctl network heal LINK`"),
        ("link-low", "warning", "a link of a network has less than 64 kbit, and its forecast brings none for a day",
         "nothing, if there are other ways; otherwise ask for less"),
    )
)  # fmt: skip


def markdown() -> str:
    """Give the table as the documentation has it."""
    rows = [f"| `{e.name}` | {e.severities} | {e.condition} | {e.what_to_do} |" for e in TABLE]
    return "\n".join(["| alarm | severity | raised when | what to do |", "|---|---|---|---|", *rows])


def seen_from_outside(role: Role, view: NodeView, quiet_s: float) -> Iterator[Alarm]:
    """Give the alarms that a node cannot raise itself.

    Parameters
    ----------
    role : {"alice", "bob"}
    view : NodeView
    quiet_s : float
        Seconds since the node last told anything.
    """
    if view.state in ("recording", "locked") and quiet_s > SILENT_S:
        advice = (
            f"{role.capitalize()}'s node has told nothing for a while, though it should be recording. See whether its "
            "machine and its processes run, and the network between the nodes; then start the session again."
        )
        yield Alarm(
            "node-silent", "error", f"{role.capitalize()}'s node", {"silent_s": round(quiet_s)}, advice
        )
    if view.broken:
        yield Alarm("node-paused", "error", f"{role.capitalize()}'s node", {}, PAUSED)
    if view.state == "failed":
        yield Alarm("node-failed", "error", f"{role.capitalize()}'s node", {}, FAILED)


def seen_in_blocks(view: NodeView) -> Iterator[Alarm]:
    """Give what the last blocks give reason to say, which both nodes know."""
    if view.last_qber is not None and view.last_qber[1] > QBER_HIGH:
        number, qber = view.last_qber
        yield Alarm("qber-high", "error", f"block {number}", {"qber": round(qber, 4)}, ERRORS)
    if ended := {number: block for number, block in view.blocks.items() if number != "0"}:
        number = max(ended, key=int)
        if ended[number]["outcome"] != "key":
            advice = f"The last block made no key: {ended[number]['reason']}."
            yield Alarm("block-without-key", "warning", f"block {number}", {}, advice)


PAUSED = (
    "A session of this node broke: an instrument, a process, the line or the other node. It begins another by itself "
    "as soon as it can; until then no key is made. qkdctl health and the terminal say what it was."
)
FAILED = (
    "This node has ended because an instrument, a process or the other node failed. The session's terminal and its "
    "report say which; mend it and start again."
)
ERRORS = (
    "The two parties' bits disagree too often for any key. Look at the polarisation alignment and at the gate; if "
    "neither explains it, treat it as an eavesdropper, who makes such errors by measuring and sending again."
)
