"""What a node is started with, for tests of nodes that talk to nobody."""

from qkdctl.node.spec import NodeSpec, PeerSpec

PEER = PeerSpec("tcp://127.0.0.1:1", True, "a" * 40, "b" * 40, "c" * 40)


def node_spec(directory, role="alice", **more):
    return NodeSpec(role, str(directory), "lab.toml", str(directory / "s.sqlite"), "emulated", PEER, **more)
