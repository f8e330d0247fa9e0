"""Key streams, ETSI GS QKD 004 V2.1.1: OPEN_CONNECT, GET_KEY, CLOSE over TLS 1.3.

A stream belongs to two applications, and its chunks have numbers: whoever of the two asks for a number first
has the KMEs draw a key for it, and the other gets the same bytes at its own end. A chunk is an application key
like any other (:mod:`qkdctl.kme.link`), whose ID both KMEs derive from the stream's ID and the number.
The standard has no wire format; that of the public clients is in :mod:`~qkdctl.kme.streams.frames`.
"""
