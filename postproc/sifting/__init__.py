"""From clicks to sifted bits: events, blocks, coincidences and slots, bases compared."""
