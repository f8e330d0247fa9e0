"""A running emulated link feeds two key servers; applications at both ends get the same keys meanwhile."""

import os
import subprocess
import sys

from qkdctl.config.packaged import scenario_path
from qkdctl.kme.refusal import EMPTY, NOT_FOUND, NOT_MET, NOT_NAMED, NOT_SERVED, UNSUPPORTED
from tests.kme.test_delivery import pause_until, theirs, values
from tests.live.conftest import QUICK


def quick_scenario(path):
    text = scenario_path("demo").read_text()
    for long, short in QUICK.items():
        text = text.replace(long, short)
    path.write_text(text)
    return path


def test_applications_at_both_ends_of_a_running_link_get_the_same_keys(lab, tmp_path):
    config = quick_scenario(tmp_path / "quick.toml")
    command = [
        sys.executable,
        "-m",
        "qkdctl",
        "run",
        config,
        "--duration",
        "3.2",
        "--store",
        tmp_path / "keys",
    ]
    with lab.start(), lab.client("SAE_A") as a:
        link = subprocess.Popen(
            [os.fspath(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            pause_until(lambda: a.status("SAE_B")["stored_key_count"] > 4 or link.poll() is not None, 120)
            while_running = link.poll() is None
            code, container = theirs(lab, "SAE_A", "alice").get_key("SAE_B", number=4)
            assert code == 200, container.message
            code, collected = theirs(lab, "SAE_B", "bob").get_key_with_key_IDs(
                "SAE_A", list(values(container))
            )
            assert (code, values(collected)) == (200, values(container))
            (key,) = a.get_keys("SAE_B")
            assert key.extension["qkdctl_label"] == "emulated"
            shared_by_many(lab)
            refused_in_every_way(lab)
            streamed(lab)
        finally:
            output, _ = link.communicate(timeout=120)
    assert link.returncode == 0, output
    assert while_running


def shared_by_many(lab):
    code, container = theirs(lab, "SAE_B", "bob").get_key(
        "SAE_A", additional_slave_sae_ids=["SAE_A2", "SAE_B2"]
    )
    assert code == 200
    for sae, party in (("SAE_A", "alice"), ("SAE_A2", "alice"), ("SAE_B2", "bob")):
        code, collected = theirs(lab, sae, party).get_key_with_key_IDs("SAE_B", list(values(container)))
        assert (code, values(collected)) == (200, values(container))


def refused_in_every_way(lab):
    """Every error of the standard, as another's client reads it."""
    a = theirs(lab, "SAE_A", "alice")
    code, container = a.get_key("SAE_B")
    assert code == 200
    ids = list(values(container))
    unsupported = [{"vendor_wish": 1}]
    unmet = [{"qkdctl_route_type": "relayed"}]
    for (code, error), expected, message in (
        (a.get_key("SAE_B", size=7), 400, "size shall be a multiple of 8"),
        (a.get_key("SAE_B", number=10**6), 400, "number is 1000000, expected 1 to 128"),
        (a.get_key("SAE_X"), 400, "there is no SAE 'SAE_X' at this KME or the other one"),
        (a.get_key("SAE_A"), 400, "the slave SAE is the caller itself; name another one"),
        (a.get_key("SAE_B", extension_mandatory=unsupported), 400, UNSUPPORTED),
        (a.get_key("SAE_B", extension_mandatory=unmet), 400, NOT_MET),
        (a.get_status("SAE_X"), 400, "there is no SAE 'SAE_X' at this KME or the other one"),
        (theirs(lab, "SAE_B2", "bob").get_key_with_key_IDs("SAE_A", ids), 401, NOT_NAMED),
        (theirs(lab, "SAE_B", "bob").get_key_with_key_IDs("SAE_A2", ids), 400, NOT_FOUND),
        (theirs(lab, "SAE_B", "alice").get_status("SAE_A"), 401, NOT_SERVED),
        (a.get_key("SAE_B", number=128, size=8192), 503, EMPTY),
    ):
        assert (code, error.message) == (expected, message)
    assert theirs(lab, "SAE_B", "bob").get_key_with_key_IDs("SAE_A", ids)[0] == 200


def streamed(lab):
    with lab.streams("SAE_A") as a, lab.streams("SAE_B") as b:
        one = a.open("SAE_A", "SAE_B")
        two = b.open("SAE_B", "SAE_A", one.ksid)
        assert [one.get(index).value for index in range(3)] == [two.get(index).value for index in range(3)]
