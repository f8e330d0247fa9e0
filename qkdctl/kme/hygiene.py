"""What a process that holds keys sees to before it has any."""

from __future__ import annotations

import ctypes
import os
import resource

PR_SET_DUMPABLE = 4
MCL_CURRENT_AND_FUTURE = 3


def harden() -> None:
    """Make files for their owner only, write no core, let no other process look in, and stay out of the swap.

    The last only where the system lets us lock as much memory as we like: a limit would fail us later.
    """
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY:
        libc.mlockall(MCL_CURRENT_AND_FUTURE)
