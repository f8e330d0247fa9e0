"""A line that loses nothing, over carriers that may: credit, acknowledgement, resend, no item twice.

ZeroMQ alone loses silently when an end restarts or is slow. :class:`~postproc.link.link.Link` is the state
machine that does not: no socket, no clock, no thread. What carries its packets is the business of
``qkdctl.carriers``.
"""

from postproc.link.link import Link, LinkFailed, Patience

__all__ = ["Link", "LinkFailed", "Patience"]
