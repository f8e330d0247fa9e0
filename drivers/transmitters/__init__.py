"""State transmitters, one instrument a file."""
