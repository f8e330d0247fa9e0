"""Emulated instruments, and the physics behind them."""
