"""What the keys of a session are good for."""

from __future__ import annotations

from collections.abc import Mapping

from postproc.types import Role
from qkdctl.config.scenario import Scenario
from qkdctl.errors import ConfigurationError, OriginUnknown
from qkdctl.keystore.entry import Label


def label_of(scenario: Scenario, *, recorded: bool, emulated: bool, seeded: bool) -> Label:
    """Give the label of a session's keys: the first that applies, the least worth first.

    Parameters
    ----------
    scenario : Scenario
    recorded : bool
        The tags come from a recording, or go to one.
    emulated : bool
        Any instrument, or a recording's origin, is emulated.
    seeded : bool
        The randomness can be repeated.
    """
    if scenario.waived or seeded:
        return "demonstration"
    if emulated:
        return "emulated"
    return "recorded" if recorded else "secret"


def check_origin(label: Label, party: Role, emulated: Mapping[str, str], *, mixed: bool) -> None:
    """Refuse keys that would be worth less than their label says, and what nobody means to mix.

    Parameters
    ----------
    label : str
        What the keys of the session will be called.
    party : {"alice", "bob"}
    emulated : mapping of str to str
        What each instrument says of itself: "yes", "no" or "unknown".
    mixed : bool
        Somebody does mean to mix real and emulated instruments.

    Raises
    ------
    ConfigurationError
    OriginUnknown
        Where only a person can say.
    """
    models = [role for role, answer in emulated.items() if answer == "yes"]
    real = [role for role, answer in emulated.items() if answer == "no"]
    if models and real and not mixed:
        raise ConfigurationError(
            f"instruments.{party}: {models[0]} is emulated and {real[0]} is real; if that is meant, say --mixed"
        )
    unknown = [role for role, answer in emulated.items() if answer == "unknown"]
    if unknown and label in ("secret", "recorded"):
        raise OriginUnknown(
            f"instruments.{party}.{unknown[0]}: cannot say whether it is a real instrument or an emulated one. Is it "
            "real? Then say real = true in its table",
            tuple(f"{party}.{role}" for role in unknown),
        )
    if models and label in ("secret", "recorded"):
        raise ConfigurationError(
            f"instruments.{party}.{models[0]}: is an emulated instrument behind a real one's address, and the keys of "
            "this session would pass for secret; leave its address to the rack"
        )
