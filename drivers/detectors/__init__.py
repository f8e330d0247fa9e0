"""Single-photon detectors, one instrument a file."""
