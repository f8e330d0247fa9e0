"""Session bundles: everything that one party needs to make a session's keys again, encrypted, while it runs.

A bundle is key material, and more: whoever reads both parties' has their keys, and whoever reads one has that party's.
Recording is off unless somebody asks for it; keys of a recorded session say so in their label.
"""
