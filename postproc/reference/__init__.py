"""Oracles of the kernels: slow, short, and read side by side with the definition they follow."""
