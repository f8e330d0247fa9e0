"""Before a run: what a link can be expected to give, and with which settings; what an eavesdropper would cost."""
