"""Which instruments can be emulated, where each is plugged in, and how its ports are hosted."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivers.emulation.models.agiltron_ff import AgiltronFfModel
from drivers.emulation.models.base import Model
from drivers.emulation.models.hp_8156a import Hp8156AModel
from drivers.emulation.models.id900 import Id900Model
from drivers.emulation.models.idq_id120 import Id120Model
from drivers.emulation.models.koheron_ctl200 import Ctl200Model
from drivers.emulation.models.oz_dd100 import OzDd100Model
from drivers.emulation.models.oz_epc import OzEpcModel
from drivers.emulation.models.qkdctl_transmitter import TransmitterModel
from drivers.emulation.models.quantum_composers_9530 import Qc9530Model
from drivers.emulation.models.random_device import RandomDeviceModel
from drivers.emulation.models.s15_spd import SpdModel
from drivers.emulation.models.s15_tdc1 import Tdc1Model
from drivers.emulation.models.santec_tsl570 import Tsl570Model
from drivers.emulation.models.single_quantum_eos import EosModel
from drivers.emulation.models.srs_dg645 import Dg645Model
from drivers.emulation.models.thorlabs_itc4000 import Itc4000Model
from drivers.emulation.models.thorlabs_mpc320 import Mpc320Model
from drivers.emulation.models.thorlabs_osw import OswModel
from drivers.emulation.models.thorlabs_pm100d import Pm100DModel
from drivers.emulation.models.toptica_dlcpro import DlcProModel


@dataclass(frozen=True)
class Emulator:
    """How an instrument is emulated.

    Attributes
    ----------
    kind : str
        Where it is plugged in.
    make : callable
        Makes the model, given its seam and serial number.
    hosts : dict of str to str
        How each of its ports is hosted, see :func:`drivers.emulation.rack.hosts.host`.
    """

    kind: str
    make: Callable[[Any, str], Model]
    hosts: dict[str, str]


#: What a model is for that is plugged in nowhere.
NOWHERE = "nothing"

EMULATORS: dict[str, Emulator] = {
    "s15-tdc1": Emulator("tagger", Tdc1Model, {"main": "pty"}),
    "idq-id900": Emulator(
        "tagger",
        Id900Model,
        {
            "main": "zmq-rep",
            "dlt": "zmq-rep",
            "stream1": "zmq-pair",
            "stream2": "zmq-pair",
            "stream3": "zmq-pair",
            "stream4": "zmq-pair",
        },
    ),
    "koheron-ctl200": Emulator("laser", Ctl200Model, {"main": "pty"}),
    "srs-dg645": Emulator(NOWHERE, Dg645Model, {"main": "tcp"}),
    "quantum-composers-9530": Emulator(NOWHERE, Qc9530Model, {"main": "tcp"}),
    "thorlabs-itc4000": Emulator("laser", Itc4000Model, {"main": "tcp"}),
    "toptica-dlcpro": Emulator("laser", DlcProModel, {"main": "tcp"}),
    "santec-tsl570": Emulator("laser", Tsl570Model, {"main": "tcp"}),
    "oz-dd100": Emulator("attenuator", OzDd100Model, {"main": "pty"}),
    "oz-epc": Emulator("polarisation", OzEpcModel, {"main": "pty"}),
    "thorlabs-mpc320": Emulator("polarisation", Mpc320Model, {"main": "pty"}),
    "hp-8156a": Emulator("attenuator", Hp8156AModel, {"main": "tcp"}),
    "thorlabs-pm100d": Emulator("power meter", Pm100DModel, {"main": "tcp"}),
    "single-quantum-eos": Emulator("detectors", EosModel, {"control": "tcp", "counts": "tcp"}),
    "idq-id120": Emulator("detector", Id120Model, {"main": "pty"}),
    "s15-spd": Emulator("detector", SpdModel, {"main": "pty"}),
    "thorlabs-osw": Emulator("switch", OswModel, {"main": "pty"}),
    "agiltron-ff": Emulator("switch", AgiltronFfModel, {"main": "pty"}),
    "qkdctl-transmitter": Emulator("transmitter", TransmitterModel, {"control": "tcp", "stream": "tcp"}),
    "device-random": Emulator(
        NOWHERE,
        lambda _, serial: RandomDeviceModel(np.random.default_rng(zlib.crc32(serial.encode()))),
        {"main": "pty"},
    ),
}
