"""From a driver's name to an open instrument."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from drivers.errors import AddressError, UnknownName
from drivers.instrument import BaseInstrument, Connect
from drivers.parameters import Parameter, parameters_of
from drivers.transport.addresses import open_transport
from drivers.transport.memory import Models

#: Where each driver is; it is imported when it is asked for.
DRIVERS: dict[str, str] = {
    "s15-tdc1": "drivers.time_taggers.s15_tdc1:Tdc1",
    "swabian-timetagger": "drivers.time_taggers.swabian:SwabianTimeTagger",
    "picoquant-multiharp": "drivers.time_taggers.picoquant:MultiHarp",
    "picoquant-hydraharp": "drivers.time_taggers.picoquant:HydraHarp",
    "replay": "drivers.time_taggers.replay:ReplayTagger",
    "idq-id900": "drivers.time_taggers.idq_id900:Id900",
    "koheron-ctl200": "drivers.lasers.koheron_ctl200:Ctl200",
    "srs-dg645": "drivers.delay_generators.srs_dg645:Dg645",
    "quantum-composers-9530": "drivers.delay_generators.quantum_composers_9530:QuantumComposers9530",
    "thorlabs-itc4000": "drivers.lasers.thorlabs_itc4000:Itc4000",
    "toptica-dlcpro": "drivers.lasers.toptica_dlcpro:DlcPro",
    "santec-tsl570": "drivers.lasers.santec_tsl570:Tsl570",
    "oz-dd100": "drivers.attenuators.oz_dd100:OzDd100",
    "oz-epc": "drivers.polarisation.oz_epc:OzEpc",
    "thorlabs-mpc320": "drivers.polarisation.thorlabs_mpc320:Mpc320",
    "hp-8156a": "drivers.attenuators.hp_8156a:Hp8156A",
    "thorlabs-pm100d": "drivers.power_meters.thorlabs_pm100d:Pm100D",
    "single-quantum-eos": "drivers.detectors.single_quantum_eos:Eos",
    "idq-id120": "drivers.detectors.idq_id120:Id120",
    "s15-spd": "drivers.detectors.s15_spd:Spd",
    "thorlabs-osw": "drivers.switches.thorlabs_osw:Osw",
    "agiltron-ff": "drivers.switches.agiltron_ff:AgiltronFf",
    "qkdctl-transmitter": "drivers.transmitters.qkdctl_transmitter:Transmitter",
    "system-random": "drivers.random_sources.system:SystemRandom",
    "device-random": "drivers.random_sources.device:DeviceRandom",
}

#: One address, or one for each of an instrument's ports by its name.
Addresses = str | Mapping[str, str]

NO_SETTINGS: Mapping[str, Any] = {}


def driver_class(driver: str) -> type[BaseInstrument]:
    """Give the class behind a driver's name.

    Raises
    ------
    UnknownName
        If there is none.
    """
    if driver not in DRIVERS:
        raise UnknownName(f"there is no driver {driver!r}; there are: {', '.join(sorted(DRIVERS))}")
    module, _, name = DRIVERS[driver].partition(":")
    kind: type[BaseInstrument] = getattr(import_module(module), name)
    return kind


def open_instrument(
    name: str,
    driver: str,
    address: Addresses,
    settings: Mapping[str, Any] = NO_SETTINGS,
    models: Models | None = None,
) -> BaseInstrument:
    """Open an instrument, make sure that it is what it should be, and apply settings.

    Parameters
    ----------
    name : str
        How people call it.
    driver : str
        Name of the driver, see `DRIVERS`.
    address : str or mapping of str to str
        See :mod:`drivers.transport`; a mapping for instruments with several ports.
    settings : mapping of str to value
        Values of declared parameters; they are set in the order in which the driver declares them.
    models : Models, optional
        What ``mem:`` addresses lead to.

    Raises
    ------
    DriverError
        Naming the instrument and what is wrong; names, addresses and values are checked before
        anything is sent. The instrument is closed again.
    """
    kind = driver_class(driver)
    check_settings(name, driver, settings)
    instrument = kind(name, _connector(name, kind, address, models))
    try:
        for parameter in _ordered(kind, settings):
            setattr(instrument, parameter.name, _value(settings[parameter.name]))
    except BaseException:
        instrument.close()
        raise
    return instrument


def check_settings(name: str, driver: str, settings: Mapping[str, Any]) -> None:
    """Hold settings against what a driver declares, without any instrument.

    Raises
    ------
    UnknownName
        If a driver has no such setting.
    LimitError
        If a value is of the wrong kind or out of range.
    """
    declared = {each.name: each for each in parameters_of(driver_class(driver)) if each.writable}
    for key, value in settings.items():
        if key not in declared:
            known = ", ".join(declared) or "none"
            raise UnknownName(f"{name}: {driver} has no setting {key!r}; it has: {known}")
        declared[key].check(name, value)


def check_ports(name: str, driver: str, address: Addresses) -> None:
    """Hold an address, or several, against the ports that a driver needs, without any instrument.

    Raises
    ------
    AddressError
        Naming the ports.
    """
    _places(name, driver_class(driver).PORTS, address)


def _ordered(kind: type, settings: Mapping[str, Any]) -> list[Parameter[Any]]:
    return [parameter for parameter in parameters_of(kind) if parameter.name in settings]


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _connector(name: str, kind: type[BaseInstrument], address: Addresses, models: Models | None) -> Connect:
    places = _places(name, kind.PORTS, address)
    return lambda port: open_transport(
        places[port], models, pattern=kind.PATTERNS.get(port, "req"), serial=kind.SERIAL
    )


def _places(name: str, ports: tuple[str, ...], address: Addresses) -> dict[str, str]:
    if isinstance(address, str):
        given = dict.fromkeys(ports, address) if len(ports) == 1 or not ports else {}
        if len(given) == len(ports):
            return given
    elif set(address) == set(ports):
        return dict(address)
    raise AddressError(
        f"{name}: needs {'an address' if len(ports) == 1 else 'addresses for ' + ' and '.join(ports)}, got {address!r}"
    )
