"""Optical power meters, one instrument a file."""
