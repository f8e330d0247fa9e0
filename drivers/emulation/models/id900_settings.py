"""What can be set on an ID900, block by block.

Sources: Time Controller Series user manual, pages 42 to 91; the vendor's examples; drivers of several laboratories.
Invented: what a new instrument is set to, where the manual underlines nothing; what its ready-made configurations hold.
"""

from __future__ import annotations

from drivers.emulation.models.id900_grammar import Grammar, Setting

SWITCH = ("ON", "OFF")
TIME = Setting("0TB", unit="TB")
SHIFT = Setting("0TB", unit="TB", low=-1e12, high=1e12)
EDGE = Setting("RISING", ("RISIng", "FALLing"))
FILTER = Setting("RISI", ("RISI", "FALL", "ALL"))
COUNTER = {
    "COUNter:MODE": Setting("CYCLE", ("CYCLe", "ACCUm")),
    "COUNter:INTEgrationtime": Setting("1000", unit="MS", low=1, high=65535),
}
INPUT = {
    "ENABle": Setting("ON", SWITCH, bare="ON"),
    "COUPling": Setting("DC", ("AC", "DC")),
    "EDGE": EDGE,
    "THREshold": Setting("1V", unit="V", low=-2.5, high=2.5, whole=False),
    "SELEct": Setting("UNSHAPED", ("UNSHaped", "SHAPed", "LOOP", "OUTPut")),
    **COUNTER,
}
LINKS = tuple(
    f"{name}{number}"
    for name, most in (("INPUt", 4), ("TSCOmbiner", 12), ("GEN", 8), ("DELAy", 8))
    for number in range(1, most + 1)
)
LINK = Setting("NONE", ("NONE", "STARt", "RECord", *LINKS), short=True)
RECORD = {
    "ENABle": Setting("OFF", SWITCH, bare="ON"),
    "NUMber": Setting("1", ("INF",), unit="n"),
    "DURation": Setting("1000000000000TB", unit="TB"),
    "PWIDth": Setting("1000000000000TB", unit="TB"),
    "PPERiod": Setting("1000000040000TB", unit="TB"),
    "TRIGger:ARM:MODE": Setting("MANUAL", ("MANUal", "AUTO")),
    "TRIGger:DELAy": TIME,
    "TRIGger:LINK": LINK,
}
GENERATOR = {
    "ENABle": Setting("OFF", SWITCH, bare="ON"),
    "PPERiod": TIME,
    "PWIDth": TIME,
    "PNUMber": Setting("INF", ("INF",), unit="n", low=1),
    "TRIGger:LINK": LINK,
    "TRIGger:DELAy": TIME,
    "TRIGger:ARM:MODE": Setting("MANUAL", ("MANUal", "AUTO")),
}
OPERATION = Setting("ONLYFIR", ("AND", "OR", "ONLYFIR", "ONLYSEC", "MUTE"))
COMBINER = {
    "FIRst:LINK": LINK,
    "SECond:LINK": LINK,
    "WINDow:ENABle": Setting("OFF", SWITCH, bare="ON"),
    "WINDow:BEGIn:LINK": LINK,
    "WINDow:BEGIn:DELAy": SHIFT,
    "WINDow:BEGIn:EDGE": EDGE,
    "WINDow:END:LINK": LINK,
    "WINDow:END:DELAy": SHIFT,
    "WINDow:END:EDGE": EDGE,
    **COUNTER,
    "OPIN": OPERATION,
    "OPOUt": OPERATION,
}
HISTOGRAM = {
    "REF:LINK": LINK,
    "STOP:LINK": LINK,
    "ENABle:LINK": LINK,
    "REF:FILTer": FILTER,
    "STOP:FILTer": FILTER,
    "FILTer": FILTER,
    "MINimum": TIME,
    "BWIDth": Setting("100TB", unit="TB"),
    "BCOUnt": Setting("16384", unit="n", low=1, high=16384),
}
OUTPUT = {
    "ENABle": Setting("OFF", SWITCH, bare="ON"),
    "LINK": LINK,
    "MODE": Setting("NIM", ("NIM", "TTL")),
    "PULSe": Setting("OFF", SWITCH),
    "PULSe:WIDTh": TIME,
    "DELAy": TIME,
}
RAW = {
    "REF:LINK": LINK,
    "REF:FILTer": FILTER,
    "STOP:LINK": LINK,
    "STOP:FILTer": FILTER,
    "SEND": Setting("OFF", SWITCH, bare="ON"),
}
DELAY = {"VALUe": Setting("0TB", unit="TB", high=1e12), "LINK": LINK}
DEVICE = {
    "SYNC": Setting("INT", ("INTernal", "EXTernal"), short=True),
    "RESolution": Setting("HIRES", ("HIRES", "LOWRES")),
    "LEDS": Setting("ON", SWITCH),
}
#: Commands that load many settings at once leave their name here.
PRESET = "DEVIce:CONFiguration:LOAD"
#: Blocks, and what their states tell.
STATES = {
    "INPUt#4": INPUT,
    "STARt": INPUT,
    "RECord": RECORD,
    "GEN#8": GENERATOR,
    "TSCOmbiner#12": COMBINER,
    "HISTogram#4": HISTOGRAM,
    "OUTPut#4": OUTPUT,
    "RAW#4": RAW,
    "DELAy#8": DELAY,
    "DEVIce": DEVICE,
}
SETTINGS = {
    **{
        f"{block}:{name}": setting for block, settings in STATES.items() for name, setting in settings.items()
    },
    "INPUt#4:RESYncpolicy": Setting("AUTO", ("AUTO", "MANUal")),
    PRESET: Setting("", ("INIT", "HISTO", "COUNT", "BLANK")),
}


def preset(grammar: Grammar, name: str) -> None:
    """Load a configuration: each begins with a new instrument's settings; one has histograms of inputs after START."""
    grammar.reset()
    if name == "HISTO":
        for number in range(1, 5):
            for setting, link in (("REF", "STARt"), ("STOP", f"TSCO{number + 4}"), ("ENABle", "RECord")):
                grammar.set(f"HISTogram#4:{setting}:LINK", link, number)
