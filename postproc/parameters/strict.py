"""What all these classes have in common."""

from __future__ import annotations

from typing import Any, ClassVar

from postproc.estimation.parameters import STRICT


class Strict:
    """Whoever validates outside input against these classes refuses unknown keys and infinities."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
