"""One node of a link as processes: acquisition, stages, the channel to the other node, a supervisor over all.

::

    acquire ──▶ stages … ──▶ stages ──▶ supervisor (results)
                  ▲ ▼            ▲ ▼
                  └─── channel ───┘ ◀══ TCP, CURVE ══▶ the other node's channel

Every arrow is a link (:mod:`postproc.link`) over ZeroMQ; which stages share a process is configuration
(:mod:`~qkdctl.node.layout`). Telemetry goes beside, by PUB/SUB, and may be lost.
"""
