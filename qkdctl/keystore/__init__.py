"""Where a party's keys, and its authentication key, rest: one SQLite file for each party."""
