"""Random sources, one instrument a file."""
