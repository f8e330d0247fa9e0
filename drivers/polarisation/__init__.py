"""Polarisation controllers, one instrument a file."""
