"""Time tags: what a click is, how it is stored, and what it tells about the detector that made it.

:mod:`~postproc.timetags.recording` opens recordings, :mod:`~postproc.timetags.writing` writes them,
:mod:`~postproc.timetags.convert` makes one out of another, and :mod:`~postproc.timetags.health` listens for
echoes. Each file format is a room of :mod:`~postproc.timetags.formats`.
"""
