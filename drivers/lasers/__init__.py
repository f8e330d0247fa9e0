"""Lasers, one instrument a file."""
