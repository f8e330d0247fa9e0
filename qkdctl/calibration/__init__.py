"""Finding and setting what a link's instruments have to be set to, by measuring it.

A :class:`~qkdctl.calibration.stand.Stand` holds both parties' instruments; each step of
:mod:`qkdctl.calibration.steps` measures with them, sets what it found, and says what it changed and why.
:mod:`~qkdctl.calibration.record` is the file of results beside the scenario, and
:mod:`~qkdctl.calibration.use` how a session takes it.
"""
