"""What Hypothesis need not check: nothing that a slow machine, or a busy one, can fail."""

from hypothesis import HealthCheck

SLOW = [HealthCheck.too_slow]
SHARED_FIXTURE = [*SLOW, HealthCheck.function_scoped_fixture]
"""For tests whose fixture serves all examples alike."""
