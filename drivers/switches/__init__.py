"""Optical switches, one instrument a file."""
