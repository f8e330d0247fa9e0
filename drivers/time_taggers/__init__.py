"""Time taggers, one instrument a file."""
