"""Time tags to secret keys: the post-processing of quantum key distribution.

This package knows nothing of instruments, screens, processes or sockets. Every step is a stage
(:mod:`postproc.stage`): plain arithmetic with ports, driven by whoever has the messages.
:mod:`postproc.protocols` puts the stages in the order that the security argument asks for.
"""
