"""The family of quasi-cyclic LDPC codes, and the tool that designs it."""
