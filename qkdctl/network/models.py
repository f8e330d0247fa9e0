"""How much key a modelled link makes, and when: what the finite-key bound gives for the counts to be expected."""

from __future__ import annotations

from pathlib import Path

from postproc.errors import ProofError
from postproc.parameters.session import DecoyBb84
from qkdctl.config.emulation import DecoyEmulation
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.errors import ConfigurationError
from qkdctl.network.link_specs import ModelSpec
from qkdctl.network.tables import Modelled
from qkdctl.planning.link import LinkModel
from qkdctl.planning.optimise import expected_bits, settings_of


def modelled(name: str, link: Modelled, seed: Path) -> ModelSpec:
    """Work a modelled link out.

    Parameters
    ----------
    name : str
        The link's, for errors.
    link : Modelled
    seed : Path
        The common secret.

    Raises
    ------
    ConfigurationError
        If the scenario is none of a decoy-state link, or the link makes no key.
    """
    parameters, emulation = decoy_scenario(f"links.{name}.modelled", link.scenario)
    model = LinkModel.of(parameters, emulation, link.channel_loss_db)
    settings = settings_of(parameters, emulation, link.slots_per_block)
    try:
        bits = expected_bits(model, settings, parameters.security)
    except ProofError as error:
        raise ConfigurationError(f"links.{name}.modelled: {error}") from None
    if bits < 8:
        raise ConfigurationError(
            f"links.{name}.modelled makes no key: its blocks of {settings.n_slots} slots come to {bits:.0f} bits; "
            "expected less channel_loss_db or more slots_per_block"
        )
    return ModelSpec(
        seed=str(seed),
        block_s=settings.n_slots / parameters.slot_hz,
        block_bytes=int(bits) // 8,
        gaps=link.gaps_s,
        most_stored_bytes=link.most_stored_bytes,
    )


def decoy_scenario(key: str, name: str) -> tuple[DecoyBb84, DecoyEmulation]:
    """Read the scenario of a decoy-state link with an emulated bench.

    Raises
    ------
    ConfigurationError
        If it is none.
    """
    scenario = load_scenario(scenario_path(name))
    parameters, emulation = scenario.parameters, scenario.emulation
    if not isinstance(parameters, DecoyBb84) or not isinstance(emulation, DecoyEmulation):
        raise ConfigurationError(
            f"{key}.scenario is {name!r}, expected one of a decoy-state link that has [emulation]"
        )
    if scenario.waived:
        raise ConfigurationError(
            f"{key}.scenario is {name!r}, whose keys are a demonstration: it waives {', '.join(scenario.waived)}"
        )
    return parameters, emulation
