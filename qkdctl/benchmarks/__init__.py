"""What ``qkdctl bench`` measures. Every answer is checked before it is timed.

A group is a module with a function ``cases()``; :mod:`~qkdctl.benchmarks.measure` does the rest.
"""
