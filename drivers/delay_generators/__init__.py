"""Pulse and delay generators, one instrument a file."""
