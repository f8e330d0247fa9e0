"""Instruments of a quantum key distribution link, real or emulated. Knows nothing of keys."""
