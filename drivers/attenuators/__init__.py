"""Variable optical attenuators, one instrument a file."""
