"""Information-theoretic authentication of what the parties say (Wegman-Carter)."""
