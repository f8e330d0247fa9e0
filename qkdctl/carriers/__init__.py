"""What carries the packets of a link: memory in one thread, ZeroMQ between processes and hosts.

A carrier may lose, repeat and reorder packets; the link (:mod:`postproc.link`) makes up for it.
"""
