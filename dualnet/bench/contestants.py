"""Who is timed: dualnet, native loops, Keras and Lightning, each on its backends."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from dualnet.bench.workloads import Arrays, Eager, Workload
from dualnet.errors import ConfigError, unknown_name
from dualnet.typing import NDArray

__all__ = [
    "CONTESTANTS",
    "Contender",
    "Contestant",
    "FAMILIES",
    "Module",
    "NATIVE",
    "OURS",
    "chosen",
]

#: The families that the others are compared with, and that are compared.
NATIVE, OURS = "native", "dualnet"


class Contender(Protocol):
    """A network, made and ready to be trained."""

    def parameters(self) -> int:
        """How many numbers are trained."""

    def train(self, x: Arrays, y: NDArray, epochs: int, /) -> list[float]:
        """Trains for so many epochs, in shuffled batches; gives the mean loss of each."""

    def predict(self, x: Arrays, /) -> NDArray:
        """The outputs, computed batch by batch."""


class Module(Protocol):
    """What a module of ``dualnet_bench`` defines."""

    def build(self, workload: Workload, /) -> Contender:
        """The network of this workload, its optimizer, and its loss."""

    def eager(self) -> Mapping[str, Callable[[], Any]]:
        """``op``: an addition of 8 numbers; ``call``: a dense layer with ReLU; ``step``: it trains.

        The step is of one sample, with the squared error and Adam.
        """


@dataclass(frozen=True)
class Contestant:
    """What is timed in a process of its own.

    Attributes:
        name: what it is called on the command line.
        family: what kind of contestant it is; one of :data:`FAMILIES`.
        backend: the framework that computes.
        module: of ``dualnet_bench``, a :class:`Module`.
        needs: the packages that must be installed.
        statement: what its users import; the time of it is measured.
        environment: variables of its process.
        eager: whether it has eager calls of its own.
        usual: whether it takes part where nobody is named.
    """

    name: str
    family: str
    backend: str
    module: str
    needs: tuple[str, ...]
    statement: str
    environment: Mapping[str, str] = field(default_factory=dict)
    eager: bool = True
    usual: bool = True

    def missing(self) -> tuple[str, ...]:
        """The packages that are not installed; imports none."""
        return tuple(name for name in self.needs if importlib.util.find_spec(name) is None)

    def takes(self, workload: Workload) -> bool:
        """Whether there is something of its own to time."""
        return self.eager or not isinstance(workload, Eager)


def _on(backend: str) -> tuple[Contestant, ...]:
    """Those that are there on every backend."""
    ours = Contestant(
        f"dualnet-{backend}",
        OURS,
        backend,
        "ours",
        (backend,),
        f"import dualnet; dualnet.set_backend({backend!r})",
        {"DUALNET_BACKEND": backend, "DUALNET_DEVICE": "cpu", "DUALNET_DTYPE": "float32"},
    )
    others = [
        replace(
            ours,
            name=f"{ours.name}-{form}",
            family=family,
            module=f"ours_{form}",
            eager=False,
            usual=False,
        )
        for form, family in (("compiled", "jit=True"), ("eager", "jit=False"))
    ]
    return (
        Contestant(backend, NATIVE, backend, f"{backend}_loop", (backend,), f"import {backend}"),
        ours,
        *others,
        Contestant(
            f"keras-{backend}",
            "keras",
            backend,
            "keras_fit",
            ("keras", backend),
            "import keras",
            {"KERAS_BACKEND": backend},
        ),
    )


CONTESTANTS: dict[str, Contestant] = {
    contestant.name: contestant
    for contestant in (
        *_on("torch"),
        Contestant(
            "lightning",
            "lightning",
            "torch",
            "lightning_fit",
            ("lightning", "torch"),
            "import lightning",
            eager=False,
        ),
        *_on("tensorflow"),
        Contestant(
            "tensorflow-data",
            "tf.data",
            "tensorflow",
            "tensorflow_data_loop",
            ("tensorflow",),
            "import tensorflow",
            eager=False,
        ),
    )
}

#: Words that stand for all contestants of a kind.
FAMILIES: dict[str, tuple[Contestant, ...]] = {
    family: tuple(each for each in CONTESTANTS.values() if each.family == family)
    for family in dict.fromkeys(each.family for each in CONTESTANTS.values())
}


def chosen(words: Sequence[str]) -> tuple[Contestant, ...]:
    """The contestants that names, or families, stand for; the usual ones if there are none.

    >>> [each.name for each in chosen(["native", "keras-torch"])]
    ['torch', 'keras-torch', 'tensorflow']

    Raises:
        ConfigError: there is no such contestant.
    """
    known = {name: (each,) for name, each in CONTESTANTS.items()} | FAMILIES
    for word in words:
        if word not in known:
            raise ConfigError(unknown_name("contestant", word, known))
    wanted = {each.name for word in words for each in known[word]}
    if not words:
        return tuple(each for each in CONTESTANTS.values() if each.usual)
    return tuple(each for each in CONTESTANTS.values() if each.name in wanted)
