"""The few words between the processes of a node that are not messages of stages."""

from __future__ import annotations

GO = b"go"
"""Against the stream: both parties agree on the configuration, the light may go on."""

STOP = b"stop"
"""Against the stream: this party is asked to end."""

ENOUGH = b"enough"
"""Against the stream: nothing more is wanted, and the other party knows; the light may go."""

FRAME = b"f"
"""On the channel: a frame of the conversation follows."""

BYE = b"bye"
"""On the channel: this party's stages have ended, and it says nothing more."""

AGAIN = b"again"
"""On the channel: this party's stages have ended, and it begins another session."""

LOST = b"lost "
"""From the channel to the supervisor: the other node is lost, for the reason that follows."""
