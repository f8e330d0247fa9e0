"""What gives light, and what it meets on its way."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from drivers.roles.instrument import Instrument


@runtime_checkable
class LightSource(Instrument, Protocol):
    """Anything that gives light."""

    @property
    def emitting(self) -> bool:
        """Whether it does."""
        ...

    @emitting.setter
    def emitting(self, value: bool) -> None: ...


@runtime_checkable
class Laser(Instrument, Protocol):
    """A laser diode with its current source."""

    @property
    def current_ma(self) -> float:
        """Set current."""
        ...

    @current_ma.setter
    def current_ma(self, value: float) -> None: ...

    @property
    def emitting(self) -> bool:
        """Whether the current flows."""
        ...

    @emitting.setter
    def emitting(self, value: bool) -> None: ...


@runtime_checkable
class TunableLaser(LightSource, Protocol):
    """A laser whose wavelength and power are chosen."""

    @property
    def wavelength_nm(self) -> float:
        """Wavelength."""
        ...

    @wavelength_nm.setter
    def wavelength_nm(self, value: float) -> None: ...

    @property
    def power_mw(self) -> float:
        """Set power."""
        ...

    @power_mw.setter
    def power_mw(self, value: float) -> None: ...


@runtime_checkable
class Attenuator(Instrument, Protocol):
    """A variable optical attenuator with a shutter."""

    @property
    def attenuation_db(self) -> float:
        """Attenuation, settled."""
        ...

    @attenuation_db.setter
    def attenuation_db(self, value: float) -> None: ...

    @property
    def shutter_open(self) -> bool:
        """Whether light can pass."""
        ...

    @shutter_open.setter
    def shutter_open(self, value: bool) -> None: ...


@runtime_checkable
class PowerMeter(Instrument, Protocol):
    """An optical power meter."""

    @property
    def power_w(self) -> float:
        """Optical power, measured now."""
        ...

    @property
    def wavelength_nm(self) -> float:
        """Wavelength that the reading is corrected for."""
        ...

    @wavelength_nm.setter
    def wavelength_nm(self, value: float) -> None: ...


@runtime_checkable
class PolarisationController(Instrument, Protocol):
    """A controller of polarisation, of several stages."""

    @property
    def positions(self) -> tuple[float, ...]:
        """Where each stage stands, from 0 to 1 of its range."""
        ...

    @positions.setter
    def positions(self, value: tuple[float, ...]) -> None: ...


@runtime_checkable
class OpticalSwitch(Instrument, Protocol):
    """A switch from one fibre to one of several."""

    @property
    def output(self) -> int:
        """The fibre that the light goes to, counted from 1."""
        ...

    @output.setter
    def output(self, value: int) -> None: ...
