"""How messages are framed on a line; shared by drivers and emulators, which share nothing else."""
