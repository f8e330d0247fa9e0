"""The encodings of recordings, one module each, told apart by content when read and by suffix when written.

A reader is a class with the attributes of :class:`~postproc.timetags.formats.sources.TagSource` or
``StateSource``; a writer is a function of (path, chunks, header). :mod:`~postproc.timetags.formats.choice`
knows them all.
"""
