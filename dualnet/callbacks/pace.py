"""How often something is done: every epoch, or every so many steps."""

from __future__ import annotations

from dualnet.errors import ConfigError
from dualnet.random.layout import checked_integer

__all__ = ["Pace"]


class Pace:
    """Counts steps over all epochs.

    Args:
        name: the option's, for errors.
        every: ``"epoch"``, or a number of steps.

    Attributes:
        by_epoch: whether epochs count, not steps.
        steps: how many steps there have been.

    Raises:
        ConfigError: neither.

    >>> pace = Pace("save_freq", 3)
    >>> [pace.due() for _ in range(6)]
    [False, False, True, False, False, True]
    """

    def __init__(self, name: str, every: int | str) -> None:
        if isinstance(every, str) and every != "epoch":
            raise ConfigError(f"{name}={every!r}; give 'epoch' or a number of steps")
        self.by_epoch = every == "epoch"
        self._every = 0 if self.by_epoch else checked_integer(name, every, 1, 1 << 32)
        self.steps = 0

    def due(self) -> bool:
        """Counts one step; whether it is one of those."""
        self.steps += 1
        return not self.by_epoch and self.steps % self._every == 0
