"""A session record, small and made by hand."""

import copy

import pytest

BLOCK = {
    "id": 1, "outcome": "key", "reason": None, "key_id": "k1", "sifted_bits": 1000, "key_bits": 800,
    "test_bits": 200, "leak_bits": 90, "f_ec": 1.2, "secret_bits": 400, "auth_bits": 384,
    "epsilon": {"sec": 1e-10, "cor": 1e-10, "auth": 2e-30, "total": 2e-10},
    "figures": {"test_errors": 4, "phase_error": 0.03},
}  # fmt: skip
REFUSED = {
    **BLOCK, "id": 2, "outcome": "refused", "reason": "phase error 0.4 is above 0.042", "key_id": None,
    "secret_bits": 0, "figures": {"test_errors": 50},
}  # fmt: skip
RECORD = {
    "format": "qkdctl-session", "version": 1, "name": "demo", "label": "emulated",
    "started": "2026-01-02T03:04:05Z", "ended": "2026-01-02T03:05:05Z", "failures": {},
    "summary": {
        "protocol": "decoy-bb84", "proof": "lim2014", "waived": [], "duration_s": 4.0,
        "tags": {"alice": 1000, "bob": 20}, "clock": {"offset_ps": 5000, "drift_ppb": 7.0}, "sifted_bits": 2000,
        "qber": {"Z": 0.01, "X": None, "total": 0.01}, "blocks": [BLOCK, REFUSED], "secret_bits": 400,
        "net_secret_bits": -368, "keys_equal": True,
        "alarms": [{"name": "laser-dark", "severity": "error", "subject": "Alice's laser",
                    "figures": {"power_nw": 0.0}, "what_to_do": "Look at the laser."}],
    },
    "instruments": [{"name": "bob.tagger", "driver": "s15-tdc1", "address": "rack", "identity": "TDC1 EMU1",
                     "emulated": "yes", "settings": {"threshold_v": 1.0}}],
    "parameters": {"slot_hz": 25e6, "intensities": [{"mean": 0.5}], "security": {
        "proof": "lim2014", "eps_sec": 1e-10, "thresholds": {"phase_error_max": 0.042}}},
    "bench": {"channel_loss_db": 10.0},
    "key_stores": {"alice": {"keys": 1, "bits": 16, "authentication_keys": 100}},
    "history": {"rates": {"alice": {"t_s": [1.0], "count": [5]},
                          "bob": {"t_s": [1.0, 2.0], "channel_0_hz": [100.0, 200.0]}},
                "log": [[0.5, "bob", "clocks locked"]]},
    "software": {"qkdctl": "0.1.0", "python": "3.11.7"},
}  # fmt: skip


@pytest.fixture
def record():
    return copy.deepcopy(RECORD)
