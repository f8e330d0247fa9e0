"""The emulated rack: models of instruments, hosted where drivers and anybody else can reach them.

On the loopback interface and on pseudo-terminals in real time (:class:`Rack`), or in memory in a time of
its own (:func:`in_memory`).
"""

from drivers.emulation.rack.control import RackControl
from drivers.emulation.rack.rack import Rack
from drivers.emulation.rack.shelf import Bench, Shelf, in_memory

__all__ = ["Bench", "Rack", "RackControl", "Shelf", "in_memory"]
