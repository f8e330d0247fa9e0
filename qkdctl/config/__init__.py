"""Scenario files: one TOML each, held against the models before anything runs."""
