"""One side of a comparison: a model, the copy that is worked on, and its layers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dualnet import registry, tree
from dualnet.dtypes import is_floating
from dualnet.errors import ConfigError, NotBuiltError
from dualnet.model import Model
from dualnet.nn.layer import Layer
from dualnet.protocols import Backend
from dualnet.protocols.foreign import Unit
from dualnet.typing import DtypeName, NDArray, Tensor, Tree

__all__ = ["Side", "backend_of_model"]

Axes = tuple[int, ...]


def backend_of_model(model: object, label: str) -> tuple[Backend, Any]:
    """The backend of a model, and the native model.

    Only frameworks that are imported are asked, for a model of another cannot exist.

    Raises:
        ConfigError: nobody knows the model.
        NotBuiltError: it has no weights yet.
    """
    if isinstance(model, Model):
        model.sample()  # raises where there are no weights yet
        return model.backend, model.native
    for name in registry.installed():
        if name in sys.modules:
            backend = registry.load(name)
            if backend.foreign.is_model(model):
                _check_weights(backend, model)
                return backend, model
    raise ConfigError(
        f"{label} is {_called(model)}; compare_models takes a dn.Model, torch.nn.Module, Keras "
        "model or tf.Module"
    )


def _called(model: object) -> str:
    """What came in place of a model, and what may have been meant."""
    if isinstance(model, type):
        return f"the class {model.__name__}, not an instance: make one, {model.__name__}(…)"
    if isinstance(model, (list, tuple)):
        return f"a {type(model).__name__}: put its layers into a Sequential of their framework"
    if isinstance(model, Layer):
        return f"a definition, {type(model).__name__}: make a model, dn.Model(definition, shape)"
    kind = f"{type(model).__module__}.{type(model).__qualname__}".removeprefix("builtins.")
    return f"{kind}: {'wrap it in a module' if callable(model) else 'that is no model'}"


def _check_weights(backend: Backend, model: Any) -> None:
    if not backend.foreign.has_weights(model):
        raise NotBuiltError(
            f"{type(model).__name__} has layers without weights, which are made at the first "
            "call: call the model once on a batch"
        )


@dataclass(frozen=True, eq=False)
class Side:
    """A model in one dtype.

    Attributes:
        label: ``"a"`` or ``"b"``.
        backend: its framework.
        original: the user's model, native.
        model: what is run: a copy, or, where none can be made, the original.
        units: the layers of ``model``.
        dtype: the dtype it computes in.
        joined: places of the layers that are seen together with the zeros put around their
            input by a layer before.
    """

    label: str
    backend: Backend
    original: Any
    model: Any
    units: tuple[Unit, ...]
    dtype: DtypeName
    joined: frozenset[int] = frozenset()

    @property
    def copied(self) -> bool:
        """Whether the user's model is out of reach."""
        return self.model is not self.original

    def with_units(self, units: Sequence[Unit]) -> Side:
        """The same side, its layers seen otherwise."""
        return replace(self, units=tuple(units))

    # Layouts

    def layout(self, rank: int) -> Axes:
        """The layout of a tensor that no layer tells: that of the first layer that does."""
        if rank > 2:
            for unit in self.units:
                axes = unit.layout(rank)
                if axes is not None:
                    return axes
        return tuple(range(rank))

    def to_native(self, array: NDArray, axes: Axes | None = None) -> Tensor:
        """An array in dualnet's layout as a tensor of the model's."""
        array = np.asarray(array)
        return self.tensor(array.transpose(axes or self.layout(array.ndim)))

    def tensor(self, array: NDArray) -> Tensor:
        """An array in the model's layout as a tensor, on the model's device."""
        floating = np.asarray(array).dtype.kind == "f"
        return self.backend.state.from_numpy(
            array, dtype=self.dtype if floating else None, device=self._device
        )

    @property
    def _device(self) -> Any:
        device = self.backend.device
        found = next(iter(self.backend.foreign.variables(self.model).values()), None)
        return device.native("cpu:0" if found is None else device.device_of(found))

    def outputs(self, result: Tree) -> dict[str, NDArray]:
        """The tensors that a model gives, in dualnet's layout."""
        found = [self.backend.state.to_numpy(leaf) for leaf in self.tensors(result)]
        return {
            f"output {i}": np.transpose(x, _back(self.layout(x.ndim))) for i, x in enumerate(found)
        }

    def tensors(self, result: Tree) -> list[Tensor]:
        """The floating tensors among a model's outputs."""
        state = self.backend.state
        return [
            leaf
            for leaf in tree.leaves(result)
            if state.is_tensor_type(type(leaf)) and is_floating(state.dtype_name(leaf))
        ]

    # Running

    def run(self, inputs: Sequence[Tensor], *, training: bool) -> Any:
        """The model's output."""
        return self.backend.foreign.run(self.model, inputs, training=training)

    def snapshot(self) -> dict[str, NDArray]:
        """Every native variable."""
        to_numpy = self.backend.state.to_numpy
        return {p: to_numpy(v) for p, v in self.backend.foreign.variables(self.model).items()}

    def restore(self, snapshot: dict[str, NDArray]) -> None:
        """Writes a snapshot back, bit for bit."""
        state, device = self.backend.state, self._device
        for path, variable in self.backend.foreign.variables(self.model).items():
            dtype = state.dtype_name(variable)
            state.assign(variable, state.from_numpy(snapshot[path], dtype=dtype, device=device))

    @contextmanager
    def undone(self) -> Iterator[None]:
        """A block after which every variable is what it was."""
        before = self.snapshot()
        try:
            yield
        finally:
            self.restore(before)

    def try_out(self, make: Callable[[], Sequence[Tensor]]) -> Exception | None:
        """What goes wrong when the model runs; ``None`` if nothing does."""
        try:
            with self.undone(), self.backend.foreign.without_dropout(self.model):
                self.run(make(), training=False)
        except Exception as error:  # whatever a user's code raises in another dtype
            return error
        return None


def _back(axes: Axes) -> Axes:
    return tuple(int(i) for i in np.argsort(axes))
