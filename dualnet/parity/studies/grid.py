"""The grid of a study: networks, pairs of backends, seeds, dtypes and devices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

from dualnet import device, dtypes, registry
from dualnet.config import snake_case
from dualnet.errors import ConfigError
from dualnet.nn.layer import Layer
from dualnet.parity.comparison import two_backends
from dualnet.parity.studies.values import Point
from dualnet.random.layout import checked_integer

__all__ = ["Grid", "by_net", "make_grid", "named_nets"]


@dataclass(frozen=True)
class Grid:
    """Every value of every axis, checked."""

    nets: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    seeds: tuple[int, ...]
    dtypes: tuple[str, ...]
    devices: tuple[str, ...]

    def __len__(self) -> int:
        """How many comparisons there are."""
        axes = (self.nets, self.pairs, self.seeds, self.dtypes, self.devices)
        total = 1
        for axis in axes:
            total *= len(axis)
        return total

    def points(self) -> Iterator[Point]:
        """Every point; the seed changes fastest."""
        axes = product(self.nets, self.devices, self.dtypes, self.pairs, self.seeds)
        return (Point(net, pair, seed, dtype, place) for net, place, dtype, pair, seed in axes)


def make_grid(
    nets: Sequence[str],
    backends: Sequence[str] | None,
    seeds: int | Sequence[int],
    dtypes_: str | Sequence[str],
    devices: str | Sequence[str],
) -> Grid:
    """The grid over these axes; what an axis names twice counts once.

    Raises:
        BackendNotFound: fewer than two backends are installed, or one named is not.
        ConfigError: an axis is empty, or a seed is no seed.
        DtypeError: a dtype that no model can compute in.
        DeviceNotFound: a device's name is malformed.  One that this machine lacks is an error
            of its cells.
    """
    return Grid(
        tuple(nets),
        _pairs(backends),
        _axis("seeds", seeds, lambda seed: checked_integer("a seed", seed, 0, 1 << 64)),
        _axis("dtypes", dtypes_, lambda name: dtypes.policy(name).name),
        _axis("devices", devices, _device),
    )


def named_nets(nets: Layer | Mapping[str, Layer] | Sequence[Layer]) -> dict[str, Layer]:
    """Definitions by name; those without one are named after their class.

    >>> from dualnet import nn
    >>> list(named_nets([nn.Dense(1), nn.Dense(2), nn.Flatten()]))
    ['dense', 'dense_2', 'flatten']

    Raises:
        ConfigError: there are none, or something else is among them.
    """
    if isinstance(nets, Mapping):
        found = {str(name): net for name, net in nets.items()}
    else:
        given = [nets] if isinstance(nets, Layer) else list(nets)
        found = {}
        for net in given:
            found[_free(_name(net), found)] = net
    if not found:
        raise ConfigError("a study needs a network: give a definition, or several by name")
    for name, net in found.items():
        if not isinstance(net, Layer):
            raise ConfigError(f"{name} is {net!r}; give a definition, such as nn.Sequential(...)")
    return found


def by_net(what: str, given: Any, nets: Sequence[str]) -> dict[str, Any]:
    """One value for each network: the same for all, or from a mapping by name.

    Raises:
        ConfigError: a mapping that lacks a network, or names one that there is not.
    """
    if not isinstance(given, Mapping):
        return dict.fromkeys(nets, given)
    if set(given) != set(nets):
        raise ConfigError(
            f"{what} is given for {', '.join(map(str, given)) or 'no network'}; "
            f"the networks are {', '.join(nets)}: give one for each, or one for all"
        )
    return dict(given)


def _name(net: Any) -> str:
    name = getattr(net, "name", None)
    return name or snake_case(type(net).__name__)


def _free(name: str, taken: Mapping[str, Any]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def _pairs(backends: Sequence[str] | None) -> tuple[tuple[str, str], ...]:
    """Every pair of the backends, each once; all that are installed if none are named."""
    if backends is None and len(registry.installed()) > 2:
        backends = registry.installed()
    if backends is None or isinstance(backends, str) or len(backends) < 3:
        return (two_backends(backends),)  # type: ignore[arg-type] # whose length it checks
    return tuple(two_backends(pair) for pair in dict.fromkeys(combinations(backends, 2)))


def _axis(name: str, given: Any, checked: Callable[[Any], Any]) -> tuple[Any, ...]:
    """The values along one axis; a single one may stand alone."""
    alone = isinstance(given, str) or not hasattr(given, "__iter__")
    values = tuple(dict.fromkeys(checked(value) for value in ([given] if alone else given)))
    if not values:
        raise ConfigError(f"{name} is empty; a study needs at least one")
    return values


def _device(name: str) -> str:
    device.parse(name)
    return name
