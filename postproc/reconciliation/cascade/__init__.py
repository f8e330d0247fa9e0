"""Cascade: find errors by comparing parities, interactively."""
