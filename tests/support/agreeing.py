"""The first stage, with a key store and authentication keys of its own."""

from postproc.authentication.memory_pool import MemoryPool
from postproc.authentication.wegman_carter import Authenticator
from postproc.conversation.agreement import Agree
from postproc.secretsink import MemorySink

SHARED_KEY = bytes(range(256)) * 2


def agreeing(role, configuration, name, entropy, sink=None):
    """The stage; its sink is empty unless one is given."""
    pool = MemoryPool(SHARED_KEY)
    return Agree(role, configuration, name, entropy, sink or MemorySink(pool), Authenticator(role, pool))
