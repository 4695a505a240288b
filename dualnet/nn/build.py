"""From a definition to a native module: the tree first, the weights at the first call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from dualnet import constraints, initializers, regularizers, tree
from dualnet.constraints import Constraint
from dualnet.dtypes import Policy, canonical, is_floating
from dualnet.errors import ConfigError, ShapeError
from dualnet.masked import any_masked, unwrapped
from dualnet.nn.layer import Layer
from dualnet.nn.penalties import Penalties
from dualnet.protocols import Backend
from dualnet.random import Stream
from dualnet.typing import Device, DtypeName, Shape, Tensor

__all__ = ["Builder"]


@dataclass
class Builder:
    """Materialises one definition on one backend.

    A module's weights are made when it is first called, from the shapes it is called
    with; its values depend on ``(seed, path)`` only, so neither order, backend nor device
    matters.

    Attributes:
        penalties: what regularizers add to the loss.
        constraints: module, name and constraint of each weight that has one.
    """

    backend: Backend
    device: Device
    policy: Policy
    seed: int
    random: str = "shared"
    #: Whether modules look for masks; see :meth:`carry_masks`.
    masks: bool = False
    penalties: Penalties = field(default_factory=Penalties)
    constraints: list[tuple[Any, str, Constraint]] = field(default_factory=list)
    _made: dict[int, Any] = field(default_factory=dict)

    def module(self, layer: Layer, path: str = "", trainable: bool = True) -> Any:
        """The native module for a layer; the same layer object gives the same module."""
        if id(layer) in self._made:
            return self._made[id(layer)]
        trainable = trainable and layer.trainable
        module = self._empty(layer, path)
        self._made[id(layer)] = module
        self.masks = self.masks or layer.makes_masks()
        module._trainable = trainable
        self._attach_sublayers(module, layer, path, trainable)
        module._builder = self
        module.forward = self._first_call(module)
        return module

    def _empty(self, layer: Layer, path: str) -> Any:
        """A native module with the layer's hyperparameters as attributes, and no children."""
        base: Any = self.backend.layers.Module
        kind: Any = type(layer)
        native_class = _native_class(base, kind)
        module = native_class.__new__(native_class)
        base.__init__(module)
        module._path = path
        module._definition = layer
        module.__dict__["_penalties"] = self.penalties
        held = layer.sublayers()
        for name, value in layer.fields().items():
            if name not in held and name != "name":
                setattr(module, name, value)
        return module

    def _attach_sublayers(self, module: Any, layer: Layer, path: str, trainable: bool) -> None:
        layers = self.backend.layers
        for name, value in layer.sublayers().items():
            _check_free(module, name, path)
            below = f"{path}.{name}" if path else name
            if isinstance(value, Layer):
                child = self.module(value, below, trainable)
            else:
                pairs = value.items() if isinstance(value, dict) else enumerate(value)
                made = {str(k): self.module(v, f"{below}.{k}", trainable) for k, v in pairs}
                child = layers.container(made, ordered=not isinstance(value, dict))
            layers.attach(module, name, child)
        for name, value in layer.fields().items():
            if name not in layer.sublayers() and _holds_layers(value):
                setattr(module, name, tree.map(self._materialised, value))

    def _materialised(self, leaf: Any) -> Any:
        return self._made[id(leaf)] if isinstance(leaf, Layer) else leaf

    def _first_call(self, module: Any) -> Callable[..., Any]:
        """A stand-in for ``forward`` that declares the weights and then steps aside."""

        def forward(*args: Any, **kwargs: Any) -> Any:
            if any_masked((args, kwargs)):
                self.carry_masks()
            self.declare(module, *tree.map(self._shape, unwrapped(args)))
            return module.forward(*args, **kwargs)

        return forward

    def declare(self, module: Any, *shapes: Any) -> None:
        """Makes a module's own weights for inputs of these shapes, if it has not been called."""
        if "_builder" not in module.__dict__:
            return
        _check_build(module, shapes)
        module.build(*shapes)
        del module.__dict__["forward"], module.__dict__["_builder"]
        kind: Any = type(module)
        if self.policy.mixed:
            kind = _mixed_class(kind, cast(Any, self.backend), self.policy.compute)
        module.__class__ = _masking_class(kind, module._definition) if self.masks else kind

    def carry_masks(self) -> None:
        """Has every module look for masks from now on.

        Modules of a network without masks do not, and pay nothing for them.
        """
        if self.masks:
            return
        self.masks = True
        for module in self._made.values():
            if "_builder" not in module.__dict__:  # it has weights; others look when they get them
                module.__class__ = _masking_class(type(module), module._definition)

    def _shape(self, leaf: Any) -> Shape | None:
        if self.backend.state.is_tensor_type(type(leaf)):
            return self.backend.state.shape(leaf)
        return None

    def add_weight(
        self,
        module: Any,
        name: str,
        shape: Shape,
        initializer: Any,
        *,
        trainable: bool,
        dtype: str | None,
        regularizer: Any = None,
        constraint: Any = None,
    ) -> Tensor:
        """Makes a weight of ``module``; see :meth:`dualnet.nn.Layer.add_weight`."""
        path = f"{module._path}.{name}" if module._path else name
        if hasattr(module, name):
            raise ConfigError(
                f"weight {path!r} would hide {type(module).__name__}.{name}: a hyperparameter, "
                "another weight, or the framework's own; give it another name"
            )
        if not all(size > 0 for size in shape):
            raise ShapeError(f"weight {path!r} needs positive sizes, got shape {shape}")
        value = initializers.get(initializer)(shape, Stream(self.seed, "init", path))
        chosen = canonical(dtype or self.policy.variable)
        if trainable and not is_floating(chosen):
            raise ConfigError(f"weight {path!r} is {dtype} and cannot be trained; trainable=False")
        penalty, bound = regularizers.get(regularizer), constraints.get(constraint)
        if not trainable and (penalty or bound):
            raise ConfigError(f"{path!r} is state, which is neither regularised nor constrained")
        trained = trainable and module._trainable
        if trained and penalty:
            self.penalties.regularize(module, name, penalty)
        if trained and bound:
            self.constraints.append((module, name, bound))
        return self.backend.layers.add_variable(
            module,
            name,
            value,
            path=path,
            dtype=chosen,
            device=self.device,
            trainable=trained,
            state=not trainable,
        )


def _identity(module: Any) -> int:
    """``object.__hash__`` as a Python function, which PyTorch's compiler can trace."""
    return id(module)


def _native_class(module_class: Any, layer_class: Any) -> Any:
    """The class of a materialised layer: the framework's module and the definition in one.

    ``forward`` is found on the definition, everything a module does on the framework's
    class; identity, not value, decides equality, since modules are kept in sets.
    """
    body = {
        "forward": layer_class.forward,
        "__eq__": object.__eq__,
        "__hash__": _identity,
        "__module__": layer_class.__module__,
        "__doc__": layer_class.__doc__,
    }
    return _derived_class((module_class, layer_class), body)


def _mixed_class(native_class: Any, backend: Any, compute: DtypeName) -> Any:
    """The class of a layer whose weights, kept in float32, are read in a narrower dtype.

    Floating inputs are cast alike; layers that need the wide weights say so with
    ``autocast = False``.
    """
    if not native_class.autocast:
        return native_class

    def narrow(leaf: Any) -> Any:
        if backend.state.is_tensor_type(type(leaf)) and is_floating(backend.state.dtype_name(leaf)):
            return backend.ops.astype(leaf, compute)
        return leaf

    def forward(self: Any, *args: Any, **kwargs: Any) -> Any:
        narrowed = backend.layers.reading_as(self, compute)
        return native_class.forward(narrowed, *tree.map(narrow, args), **tree.map(narrow, kwargs))

    return _derived_class((native_class,), {"forward": forward, "_compute": compute})


def _masking_class(native_class: Any, layer: Layer) -> Any:
    """The class of a layer that runs ``forward_masked`` where an argument is masked.

    One made of layers needs none unless it says what it does: it hands on what it is given.
    """
    if native_class.forward_masked is Layer.forward_masked and layer.sublayers():
        return native_class

    def forward(self: Any, *args: Any, **kwargs: Any) -> Any:
        if any_masked(args) or any_masked(kwargs):
            return self.forward_masked(*args, **kwargs)
        return native_class.forward(self, *args, **kwargs)

    return _derived_class((native_class,), {"forward": forward, "_masking": True})


def _derived_class(bases: tuple[Any, ...], body: dict[str, Any]) -> Any:
    """The class with these bases; the one that is there, if an equal one is.

    A class knows its subclasses by weak references, so that the classes of a definition
    that a notebook has replaced go with the last model of it.
    """
    base = bases[-1]
    for made in base.__subclasses__():
        same = all(made.__dict__.get(mark) == body.get(mark) for mark in ("_compute", "_masking"))
        if same and made.__bases__ == bases and made._derived:
            return made
    return type(base)(base.__name__, bases, body, derived=True)


def _holds_layers(value: Any) -> bool:
    return any(isinstance(leaf, Layer) for leaf in tree.leaves(value))


def _check_build(module: Any, shapes: Sequence[Any]) -> None:
    """Raises :class:`ConfigError` if ``build`` does not take the shapes of so many inputs."""
    signature = inspect.signature(module.build)
    try:
        signature.bind(*shapes)
    except TypeError as error:
        raise ConfigError(
            f"{module._definition!r} was called with {len(shapes)} input(s), whose shapes its "
            f"build{signature} does not take: {error}; give it as many inputs as it has, or "
            "write build(self, *input_shapes)"
        ) from None


def _check_free(module: Any, name: str, path: str) -> None:
    if hasattr(type(module), name) and name not in module._definition.fields():
        where = f"in {path!r}" if path else "at the top"
        raise ConfigError(
            f"a layer named {name!r} {where} would hide {type(module).__name__}.{name} of the "
            "framework's module; give it another name"
        )
