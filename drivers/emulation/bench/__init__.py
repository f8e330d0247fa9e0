"""The optical bench: sources, channels, detectors and clocks, from which time tags and prepared states come.

Physics is sparse: its cost grows with clicks, not with slots or with time. It is seeded by (seed, party,
channel, block), so that the same scene gives the same tags however they are asked for.
"""
