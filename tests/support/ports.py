"""A port for a server that a test starts."""

from qkdctl.ports import free_ports


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    (port,) = free_ports(1)
    return port
