"""What is computed: networks of given sizes, and data for them.

A workload is a value; every contestant builds the same network from its fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar, TypeAlias

import numpy as np

from dualnet.errors import ConfigError, unknown_name
from dualnet.typing import NDArray

__all__ = [
    "Arrays",
    "CNN",
    "Decoding",
    "Eager",
    "EmbeddingBag",
    "GRUDecoding",
    "KINDS",
    "LEARNING_RATE",
    "LSTM",
    "MLP",
    "ResNet",
    "Training",
    "Transformer",
    "TransformerDecoding",
    "Workload",
    "named",
    "parsed",
]

#: Of Adam, everywhere.
LEARNING_RATE = 1e-3

#: The inputs of a network, one array each.
Arrays: TypeAlias = tuple[NDArray, ...]

#: Fields of a workload, by name.
Sizes: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Base of all: how much is done, of what is told by the subclass.

    Attributes:
        name: what it is called on the command line.
        title: what it is, in words.
        steps: batches that are timed if no other number is asked for.
        tiny: sizes that make it a matter of milliseconds.
        batch: samples in a batch.
        batches: of an epoch; the data is as many times ``batch`` samples.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    steps: ClassVar[int]
    tiny: ClassVar[Sizes]

    batch: int = 64
    batches: int = 20

    def smaller(self) -> Workload:
        """The same of a size for tests."""
        return replace(self, **{"batch": 4, "batches": 2, **self.tiny})

    def described(self) -> dict[str, Any]:
        """Its name and fields, as JSON has them."""
        return {"name": self.name, **asdict(self)}

    @property
    def samples(self) -> int:
        """How many there are in the data."""
        return self.batch * self.batches

    def inputs(self, rng: np.random.Generator) -> Arrays:
        """What goes into the network."""
        raise NotImplementedError(f"{type(self).__name__} defines no inputs(self, rng)")

    def data(self) -> tuple[Arrays, NDArray | None]:
        """Inputs, and targets if it trains; always the same numbers."""
        rng = np.random.default_rng(0)
        return self.inputs(rng), self.targets(rng)

    def targets(self, rng: np.random.Generator) -> NDArray | None:
        """The classes to be learned; ``None`` where nothing is."""
        return None


@dataclass(frozen=True, kw_only=True)
class Training(Workload):
    """A classifier: trained, and asked to predict."""

    classes: int = 10
    dropout: float = 0.2

    def targets(self, rng: np.random.Generator) -> NDArray:
        return rng.integers(0, self.classes, self.samples)


@dataclass(frozen=True, kw_only=True)
class MLP(Training):
    """``depth`` times dense, ReLU and dropout, then dense."""

    name = "mlp"
    title = "MLP 784-128-10, dropout"
    steps = 1500
    tiny: ClassVar[Sizes] = {"features": 6, "hidden": 5}

    features: int = 784
    hidden: int = 128
    depth: int = 1

    def inputs(self, rng: np.random.Generator) -> Arrays:
        return (_normal(rng, self.samples, self.features),)


@dataclass(frozen=True, kw_only=True)
class CNN(Training):
    """Twice 3 × 3 convolution, ReLU and max-pooling, then dropout and dense."""

    name = "cnn"
    title = "CNN, 2 convolutions, 28×28"
    steps = 160
    tiny: ClassVar[Sizes] = {"size": 10, "first": 3, "second": 4}

    size: int = 28
    channels: int = 1
    first: int = 16
    second: int = 32

    @property
    def flat(self) -> int:
        """How many numbers of a sample reach the last layer."""
        return int(((self.size - 2) // 2 - 2) // 2) ** 2 * self.second

    def inputs(self, rng: np.random.Generator) -> Arrays:
        return (_normal(rng, self.samples, self.size, self.size, self.channels),)


@dataclass(frozen=True, kw_only=True)
class LSTM(Training):
    """The last output of an LSTM, dropout, dense."""

    name = "lstm"
    title = "LSTM 128, T=64"
    steps = 100
    tiny: ClassVar[Sizes] = {"time": 3, "features": 4, "units": 5}

    time: int = 64
    features: int = 32
    units: int = 128

    def inputs(self, rng: np.random.Generator) -> Arrays:
        return (_normal(rng, self.samples, self.time, self.features),)


@dataclass(frozen=True, kw_only=True)
class Transformer(Training):
    """Pre-norm blocks of attention and a GELU network, mean over time, dense."""

    name = "transformer"
    title = "Transformer 2×128, T=64"
    steps = 40
    tiny: ClassVar[Sizes] = {"time": 3, "width": 8, "heads": 2, "inner": 6}

    time: int = 64
    width: int = 128
    heads: int = 4
    inner: int = 256
    blocks: int = 2
    dropout: float = 0.1

    def inputs(self, rng: np.random.Generator) -> Arrays:
        return (_normal(rng, self.samples, self.time, self.width),)


@dataclass(frozen=True, kw_only=True)
class ResNet(Training):
    """A convolution, then ``stages`` residual blocks; each but the first halves and widens.

    The halving is a mean over 2 × 2 before the block (He et al. 2019, "Bag of tricks"), which
    means the same everywhere; the frameworks pad a strided convolution differently.
    """

    name = "resnet"
    title = "small ResNet, 32×32"
    steps = 20
    tiny: ClassVar[Sizes] = {"size": 8, "filters": 3, "stages": 2}

    batches: int = 10
    size: int = 32
    channels: int = 3
    filters: int = 16
    stages: int = 3

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of every stage."""
        return tuple(self.filters << stage for stage in range(self.stages))

    def inputs(self, rng: np.random.Generator) -> Arrays:
        return (_normal(rng, self.samples, self.size, self.size, self.channels),)


@dataclass(frozen=True, kw_only=True)
class EmbeddingBag(Training):
    """The mean of the embeddings of ``columns`` categories beside ``numbers``, then an MLP."""

    name = "embedding"
    title = "embedding bag + MLP, tabular"
    steps = 600
    tiny: ClassVar[Sizes] = {"columns": 3, "vocabulary": 7, "width": 4, "numbers": 2, "hidden": 5}

    columns: int = 16
    vocabulary: int = 10_000
    width: int = 16
    numbers: int = 13
    hidden: int = 256

    def inputs(self, rng: np.random.Generator) -> Arrays:
        ids = rng.integers(0, self.vocabulary, (self.samples, self.columns))
        return ids, _normal(rng, self.samples, self.numbers)


@dataclass(frozen=True, kw_only=True)
class Decoding(Workload):
    """A first token of each sample, and ``time`` tokens after it, each the likeliest."""

    batches: int = 4
    vocabulary: int = 128
    width: int = 128
    time: int = 32

    def inputs(self, rng: np.random.Generator) -> Arrays:
        return (rng.integers(0, self.vocabulary, self.samples),)


@dataclass(frozen=True, kw_only=True)
class GRUDecoding(Decoding):
    """Embedding, GRU, dense, and the likeliest token goes in again."""

    name = "gru"
    title = "GRU 128 decoding, T=64"
    steps = 8
    tiny: ClassVar[Sizes] = {"vocabulary": 7, "width": 4, "units": 5, "time": 3}

    width: int = 64
    units: int = 128
    time: int = 64


@dataclass(frozen=True, kw_only=True)
class TransformerDecoding(Decoding):
    """A causal Transformer of learned positions that keeps keys and values of the steps before."""

    name = "cache"
    title = "Transformer 2×128, KV cache, T=32"
    steps = 8
    tiny: ClassVar[Sizes] = {"vocabulary": 7, "width": 8, "heads": 2, "inner": 6, "time": 3}

    heads: int = 4
    inner: int = 256
    blocks: int = 2


@dataclass(frozen=True, kw_only=True)
class Eager(Workload):
    """Single operations on a few numbers, where nothing is compiled: what a call costs."""

    name = "eager"
    title = "eager, 8 numbers"
    steps = 2000
    tiny: ClassVar[Sizes] = {}

    def inputs(self, rng: np.random.Generator) -> Arrays:
        return ()


KINDS: dict[str, type[Workload]] = {
    kind.name: kind
    for kind in (
        MLP,
        CNN,
        LSTM,
        Transformer,
        ResNet,
        EmbeddingBag,
        GRUDecoding,
        TransformerDecoding,
        Eager,
    )
}


def named(name: str, sizes: Sizes | None = None) -> Workload:
    """The workload of this name, with other sizes than its own if given.

    >>> named("mlp", {"hidden": 512}).hidden
    512

    Raises:
        ConfigError: there is no such workload, it has no such field, or the value is none for it.
    """
    if name not in KINDS:
        raise ConfigError(unknown_name("workload", name, KINDS))
    kind = KINDS[name]
    known = {field.name: field.default for field in fields(kind)}
    for field, value in (sizes or {}).items():
        if field not in known:
            raise ConfigError(unknown_name(f"field of {name}", field, known))
        _check_size(name, field, value, known[field])
    return kind(**(sizes or {}))


def parsed(text: str) -> Workload:
    """The workload that a word of the command line stands for.

    >>> parsed("mlp:hidden=512,batch=16")
    MLP(batch=16, batches=20, classes=10, dropout=0.2, features=784, hidden=512, depth=1)

    Raises:
        ConfigError: as :func:`named`, or what follows the colon is no list of ``field=number``.
    """
    name, _, rest = text.partition(":")
    sizes: dict[str, Any] = {}
    for part in filter(None, rest.split(",")):
        field, _, value = part.partition("=")
        try:
            sizes[field] = float(value) if "." in value else int(value)
        except ValueError:
            raise ConfigError(
                f"{part!r} in {text!r} is not field=number; write {name}:batch=16,batches=10"
            ) from None
    return named(name, sizes)


def _check_size(name: str, field: str, value: Any, usual: Any) -> None:
    if isinstance(usual, float):
        if isinstance(value, (int, float)) and 0 <= value < 1:
            return
        raise ConfigError(f"{name}:{field} must be at least 0 and below 1, got {value!r}")
    if not isinstance(value, int) or value < 1:
        raise ConfigError(f"{name}:{field} must be a positive integer, got {value!r}")


def _normal(rng: np.random.Generator, *shape: int) -> NDArray:
    return rng.standard_normal(shape, np.float32)
