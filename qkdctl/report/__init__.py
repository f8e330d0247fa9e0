"""What remains of a session: a file with everything that is not secret, and a page made of it."""
