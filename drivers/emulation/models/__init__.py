"""Emulated instruments: sans-I/O models that speak their instruments' protocols to anybody.

A model takes bytes and a time, and gives bytes and the times at which they are due. It knows no socket and
no clock of its own, and no command table of the drivers: it is written from the same sources again.
"""
