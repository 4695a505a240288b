"""The layer: a value of hyperparameters and sub-layers, with ``build`` and ``forward``.

A definition holds no tensors.  Materialising it on a backend makes a native module whose
class derives from both the framework's module class and the definition's own class, so
that ``self`` in ``build`` and ``forward`` *is* the native module: hyperparameters are its
attributes, sub-layers its children, weights its parameters.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Union

from dualnet import tree
from dualnet.config import Configurable, snake_case
from dualnet.errors import ConfigError, MaskError, StateError
from dualnet.nn.graph import Node, apply_symbolically
from dualnet.typing import Shape, Tensor

if TYPE_CHECKING:
    from dualnet.constraints import Constraint
    from dualnet.initializers import Initializer
    from dualnet.regularizers import Regularizer

__all__ = ["Layer", "Thawed", "unique_names"]

Sublayers = dict[str, Union["Layer", tuple["Layer", ...], dict[str, "Layer"]]]


class Layer(Configurable):
    """Base of every layer.

    A subclass lists its hyperparameters as annotated fields, declares its own weights in
    ``build`` with :meth:`add_weight`, and computes in ``forward``:

    >>> from dualnet import nn, ops
    >>> class Scale(nn.Layer):
    ...     start: float = 1.0
    ...     def build(self, input_shape):
    ...         self.add_weight("factor", (input_shape[-1],), nn.initializers.Constant(self.start))
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> Scale(2.0)
    Scale(start=2.0)
    >>> Scale(2.0) == Scale(2.0), Scale(2.0).to_config()["config"]["start"]
    (True, 2.0)

    Args:
        name: the layer's name among its siblings, part of its weights' paths; chosen from
            the class name if not given.
        trainable: whether gradients flow to the layer's own weights and those below it.
    """

    name: str | None = dataclasses.field(default=None, kw_only=True)
    trainable: bool = dataclasses.field(default=True, kw_only=True)

    #: Under mixed precision, whether the layer computes in the narrow dtype.
    autocast: ClassVar[bool] = True
    #: Whether what one sample becomes depends on the others, as in batch normalisation.
    mixes_samples: ClassVar[bool] = False
    #: Whether ``forward`` may be given a :class:`~dualnet.nn.KVCache`, and write into its memory.
    writes_caches: ClassVar[bool] = False
    #: The dtype of inputs where it is not the model's own (``"int64"`` for token ids).
    input_dtype: ClassVar[str | None] = None
    #: ``self.training`` in ``forward``: whether the model is being trained.
    training: ClassVar[bool]

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...  # weights are attributes named in build

    def __post_init__(self) -> None:
        if self.name is not None and not re.fullmatch(r"[A-Za-z]\w*", str(self.name)):
            raise ConfigError(
                f"layer name {self.name!r} must be a word of letters, digits and underscores; "
                "it becomes part of weight paths"
            )
        super().__post_init__()

    def build(self, *args: Any, **kwargs: Any) -> None:
        """Declares the layer's own weights: ``build(self, input_shape)``, with the batch axis.

        A layer of several inputs gets the shape of each.
        """

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Computes the output from native tensors: ``forward(self, x)``."""
        raise NotImplementedError(f"{type(self).__name__} defines no forward(self, x)")

    def forward_masked(self, *args: Any, **kwargs: Any) -> Any:
        """What runs in place of ``forward`` where an argument is :class:`dualnet.nn.Masked`.

        A layer that knows what a mask means to it defines this; ``forward_masked = nn.passed``
        is for one that acts on each step alone.  A layer made of layers that does not define
        it runs its own ``forward``, for its sub-layers see the masks.

        Raises:
            MaskError: nothing is defined here.
        """
        raise MaskError(
            f"{self._definition!r} does not know which steps of its input are there, and would "
            "lose the mask; end it with nn.Unmask() before this layer, or define forward_masked"
        )

    def makes_masks(self) -> bool:
        """Whether ``forward`` gives :class:`dualnet.nn.Masked` where it was given tensors.

        Only a network with such a layer, or one called with masked values, looks for masks.
        """
        return False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Applied to ``nn.Input`` nodes, a definition grows a graph."""
        if any(isinstance(leaf, Node) for leaf in tree.leaves((args, kwargs))):
            return apply_symbolically(self, args, kwargs)
        raise StateError(
            f"{self!r} is a definition and holds no weights; "
            "materialise it with dn.Model(layer, …) and call the model"
        )

    def add_weight(
        self,
        name: str,
        shape: Shape,
        initializer: str | Initializer = "glorot_uniform",
        *,
        trainable: bool = True,
        dtype: str | None = None,
        regularizer: str | Regularizer | None = None,
        constraint: str | Constraint | None = None,
    ) -> Tensor:
        """Declares a weight; call it in ``build``, use it in ``forward`` as ``self.<name>``.

        Args:
            name: attribute name, and last part of the weight's path.
            shape: canonical layout: dense ``(in, out)``, conv ``(*spatial, in, out)``.
            initializer: first values, drawn from ``(seed, "init", path)``.
            trainable: ``False`` for state that ``forward`` updates with ``ops.assign``.
            dtype: another dtype than the model's.
            regularizer: what the weight adds to the loss, see :mod:`dualnet.regularizers`.
            constraint: where it is put back to after an update, see
                :mod:`dualnet.constraints`.
        """
        builder = self.__dict__.get("_builder")
        if builder is None:
            raise StateError(
                f"add_weight({name!r}) belongs in build(), which runs when {type(self).__name__} "
                "is materialised on a backend"
            )
        return builder.add_weight(
            self,
            name,
            tuple(shape),
            initializer,
            trainable=trainable,
            dtype=dtype,
            regularizer=regularizer,
            constraint=constraint,
        )

    def add_penalty(self, value: Tensor) -> None:
        """Adds a scalar to the loss of this call; call it in ``forward``.

        ``fit`` and ``evaluate`` count it, and so does :meth:`dualnet.Model.penalty`.
        """
        self._penalties.add(value)

    def layers_below(self) -> Iterator[Layer]:
        """Every layer inside this one, at any depth; not this one itself."""
        for value in self.sublayers().values():
            for layer in tree.leaves(value):
                yield layer
                yield from layer.layers_below()

    def only_reads(self) -> bool:
        """Whether ``forward``, here and below, surely leaves the tensors that it is given alone.

        Our layers do; of a user's, and of functions that a layer holds, nobody knows.
        """
        return all(map(_only_reads, (self, *self.layers_below())))

    def sublayers(self) -> Sublayers:
        """Direct sub-layers by name: every field that is, or holds, layers."""
        return {name: value for name, value in self.fields().items() if _is_layers(value)}


class Thawed:
    """Ends the search for ``__setattr__`` before it reaches a frozen definition.

    A backend's ``Module`` derives from the framework's class and then from this one, so
    that a materialised layer, whose class also derives from a definition, can be changed.
    """

    __setattr__ = object.__setattr__
    __delattr__ = object.__delattr__


def _only_reads(layer: Layer) -> bool:
    """The same of one layer, without those below."""
    ours = type(layer).__module__.startswith(f"{__package__}.") and not layer.writes_caches
    given = tree.leaves(list(layer.fields().values()))
    return ours and all(isinstance(leaf, Configurable) or not callable(leaf) for leaf in given)


def _is_layers(value: Any) -> bool:
    """Whether a field is a layer, or a tuple or dict of layers only."""
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple):
        return bool(value) and all(isinstance(item, Layer) for item in value)
    return isinstance(value, Layer)


def unique_names(layers: Iterable[Layer]) -> list[str]:
    """A name for each layer: its own, or its class's, numbered where it repeats.

    A layer that occurs twice (the same object) has one name.

    >>> from dualnet import nn
    >>> unique_names([nn.Dense(4), nn.Dense(4), nn.Flatten()])
    ['dense', 'dense_1', 'flatten']
    """
    layers = list(layers)
    given = {id(layer): layer.name for layer in layers if layer.name is not None}
    taken = list(given.values())
    for name in taken:
        if taken.count(name) > 1:
            raise ConfigError(f"two layers are named {name!r}; sibling layers need their own names")
    names: dict[int, str] = {}
    for layer in layers:
        if id(layer) not in names:
            stem = layer.name or snake_case(type(layer).__name__)
            names[id(layer)] = layer.name or _first_free(stem, {*taken, *names.values()})
    return [names[id(layer)] for layer in layers]


def _first_free(stem: str, taken: set[str | None]) -> str:
    number = 0
    while (name := f"{stem}_{number}" if number else stem) in taken:
        number += 1
    return name
