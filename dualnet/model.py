"""A model: a definition materialised on one backend."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualnet import dtypes, registry, shapes, tree
from dualnet.context import backend_named, current_device, current_dtype
from dualnet.data import Batch
from dualnet.data.arrays import host_array
from dualnet.device import select
from dualnet.errors import (
    ConfigError,
    ForeignTensorError,
    NotBuiltError,
    StateError,
)
from dualnet.masked import Masked, any_masked, check_masked, parted
from dualnet.nn.build import Builder
from dualnet.nn.graph import batch_shape
from dualnet.nn.layer import Layer
from dualnet.nn.wrappers import Wrapper
from dualnet.random.layout import checked_integer
from dualnet.training.trainer import Trainable
from dualnet.typing import DtypeName, NDArray, Shape, Tensor, Tree
from dualnet.variables import take_over

if TYPE_CHECKING:
    from os import PathLike

    from dualnet.constraints import Constraint

__all__ = ["Model"]

#: The size a trial run gives to an axis declared as ``None``.
OPEN_SIZE = 4

#: What a graph's input tells of itself.
SPEC = ("shape", "dtype", "masked")


class Model(Trainable):
    """A network on one backend: native weights, ``fit``, ``evaluate``, ``predict``.

    Args:
        network: the definition.
        input_shape: shape of one sample, without the batch axis, ``None`` for sizes that
            vary; a tuple, list or dict of shapes for several inputs.  Left out, the
            model is built at the first batch.
        backend: ``"torch"`` or ``"tensorflow"``; the current backend if not given.
        device: ``"auto"``, ``"cpu"``, ``"gpu[:i]"``, …; the current device if not given.
        dtype: ``"float32"``, ``"float64"``, ``"float16"``, ``"bfloat16"``,
            ``"mixed_bfloat16"`` or ``"mixed_float16"``; the current dtype if not given.
        seed: of initial weights, batch order and masks; equal seeds, equal runs.
        random: ``"shared"`` for masks that are the same bits on every backend,
            ``"native"`` for the framework's own generator, whose global seed is then set
            to ``seed`` when the model is made; other draws from it in between change the
            run.
        input_dtype: dtype of the inputs where it is neither the model's nor told by the
            first layer (``"int64"`` for token ids).

    Raises:
        BackendNotFound, DeviceNotFound, DtypeError, ConfigError, ShapeError

    >>> import dualnet as dn
    >>> net = dn.nn.Sequential(dn.nn.Dense(3, activation="relu"), dn.nn.Dense(1))
    >>> model = dn.Model(net, input_shape=(2,), backend="torch")
    >>> model.count_params(), sorted(model.state())
    (13, ['dense.bias', 'dense.kernel', 'dense_1.bias', 'dense_1.kernel'])
    """

    def __init__(
        self,
        network: Layer,
        input_shape: Tree = None,
        *,
        backend: str | None = None,
        device: str | None = None,
        dtype: str | None = None,
        seed: int = 0,
        random: str = "shared",
        input_dtype: str | None = None,
    ) -> None:
        _check_network(network)
        if random not in ("shared", "native"):
            raise ConfigError(f"random={random!r}; choose 'shared' or 'native'")
        super().__init__()
        self.definition = network
        self.backend = backend_named(backend)
        self.device = select(self.backend, device or current_device())
        self.policy = dtypes.policy(dtype or current_dtype())
        self.seed = checked_integer("seed", seed, 0, 1 << 64)
        self.random = random
        self.input_dtype = dtypes.canonical(input_dtype) if input_dtype else _input_dtype(network)
        self._native_device = self.backend.device.native(self.device)
        self._straight = self._straight_types()
        if random == "native":
            self.backend.random.seed_native(self.seed)
        self._native = self._without_weights()
        self._spread = _takes_several(network)
        self._shapes = (
            _declared_shapes(network) if input_shape is None else self._expected(input_shape)
        )
        self.built = False
        #: Shapes of the leaves of one sample, to that of its output; ``None`` if it has several.
        self.output_shapes: dict[tuple[Shape, ...], Shape | None] = {}
        if self._shapes is not None:
            self._build_for(self._shapes)

    @property
    def dtype(self) -> str:
        """The name of the dtype policy."""
        return self.policy.name

    @property
    def input_shape(self) -> Tree:
        """The shape of one sample, without the batch axis; ``None`` before the first batch."""
        return None if self._shapes is None else shapes.plain(self._shapes)

    @property
    def native(self) -> Any:
        """The ``torch.nn.Module`` or ``tf.Module``; its tree mirrors the definition's."""
        return self._native

    def __repr__(self) -> str:
        return (
            f"Model({self.definition!r}, backend={self.backend.name!r}, "
            f"device={self.device!r}, dtype={self.dtype!r}, seed={self.seed})"
        )

    # Building and calling

    def build(self, input_shape: Tree) -> None:
        """Makes the weights for inputs of this shape (without the batch axis).

        Raises:
            StateError: the model is built already.
            ShapeError: a layer cannot take such an input.
        """
        if self.built:
            raise StateError("this model has its weights already; make a new one to change shapes")
        expected = self._expected(input_shape)
        self._build_for(expected)
        self._shapes = expected

    def _expected(self, input_shape: Tree) -> Tree:
        """Shapes that the user gave, with the dtypes that a graph's own inputs have."""
        given, declared = shapes.parse(input_shape), _declared_shapes(self.definition)
        if declared is None or tree.structure(given) != tree.structure(declared):
            return given
        return tree.map(
            lambda mine, its: replace(mine, dtype=mine.dtype or its.dtype), given, declared
        )

    def _without_weights(self) -> Any:
        """The tree of native modules, in evaluation mode, each before its first call."""
        self._builder = Builder(
            self.backend, self._native_device, self.policy, self.seed, self.random
        )
        native = self._builder.module(self.definition)
        #: What regularizers and layers add to the loss.
        self.penalties = self._builder.penalties
        self.backend.layers.set_training(native, False)
        return native

    def _build_for(self, expected: Tree) -> None:
        """Runs the network once, in evaluation mode, on zeros of these shapes.

        If a layer refuses them, those before it have made weights: all modules are then
        made anew, so that the model can be built for other shapes.
        """
        try:
            with self._on_device(), self.backend.tape.no_gradient():
                zeros = self._zeros(expected)
                output = self.run(zeros)
                self.penalties.forget()
        except BaseException:
            self._native = self._without_weights()
            raise
        self.keep_output_shape(zeros, output)
        self.built = True

    def keep_output_shape(self, x: Tree, output: Tree) -> None:
        """Remembers in :attr:`output_shapes` what a batch of one sample has become."""
        state = self.backend.state
        values, _ = parted(output)
        single = tree.structure(values) == "*"
        sizes = tuple(state.shape(leaf)[1:] for leaf in tree.leaves(x))
        self.output_shapes[sizes] = state.shape(values)[1:] if single else None

    def _straight_types(self) -> tuple[type, ...]:
        """Types of tensors that need nothing but the right dtype to go into the network.

        There are none on a device that must be entered first.
        """
        if isinstance(self._on_device(), nullcontext):
            return self.backend.state.TENSOR_TYPES
        return ()

    def _keeps(self, tensor: Tensor) -> bool:
        """Whether a tensor goes into the network in its own dtype."""
        name = self.backend.state.dtype_name(tensor)
        return name == self.policy.compute or not dtypes.is_floating(name)

    def _on_device(self) -> AbstractContextManager[None]:
        return self.backend.device.scope(self.device)

    def _zeros(self, expected: Tree) -> Tree:
        """A batch of one sample of zeros."""

        def zeros(shape: shapes.SampleShape) -> Tensor:
            array = np.zeros(batch_shape(shape.sizes, 1, OPEN_SIZE))
            dtype: Any = shape.dtype or self.input_dtype or self.policy.compute
            values = self.backend.state.from_numpy(array, dtype=dtype, device=self._native_device)
            if not shape.masked:
                return values
            whole = np.ones(array.shape[:2], bool)
            return Masked(values, self.backend.state.from_numpy(whole, device=self._native_device))

        return tree.map(zeros, expected)

    def sample(self) -> Tree:
        """A batch of one sample of zeros, of the shape the model was made for (native).

        Raises:
            NotBuiltError: the model has not seen a shape yet.
        """
        self._need_weights()
        return self._zeros(self._shapes)

    def ensure_built(self, x: Tree) -> None:
        """Builds the model, if it is not, for inputs like this batch of tensors."""
        if not self.built:
            state = self.backend.state

            def told(leaf: Any) -> tuple[Shape, str, bool]:
                values, mask = parted(leaf)
                return state.shape(values), state.dtype_name(values), mask is not None

            def exact(leaf: Any) -> shapes.SampleShape:
                shape, dtype, masked = told(leaf)
                return shapes.SampleShape(shape[1:], dtype, masked)

            self._build_for(tree.map_leaves(exact, x, stop=Masked))
            self._shapes = tree.map_leaves(lambda leaf: shapes.seen(*told(leaf)), x, stop=Masked)

    def check_inputs(self, x: Tree) -> None:
        """Raises :class:`ShapeError` if samples do not have the shape the model was made for."""
        if self._shapes is not None:
            shapes.check_inputs(x, self._shapes)

    def __call__(self, *inputs: Any, training: bool = False) -> Any:
        """The network's output for native tensors (or NumPy arrays, which are converted).

        Args:
            inputs: with the batch axis; floating inputs are cast to the model's dtype.
            training: the mode of dropout and batch normalisation.
        """
        x = inputs[0] if len(inputs) == 1 else inputs
        if type(x) in self._straight and self.built and self._keeps(x):
            self.backend.layers.set_training(self._native, training)
            return self.run(x)
        with self._on_device():
            x = self.to_native(x)
            self.ensure_built(x)
            self.backend.layers.set_training(self._native, training)
            return self.run(x)

    def run(self, x: Tree) -> Any:
        """The network on native tensors, in whatever mode it is; no conversion, no checks."""
        self.penalties.forget()
        try:
            if self._spread and isinstance(x, tuple):
                return self._native(*x)
            return self._native(x)
        except Exception as error:
            _say_where(error)
            raise

    def to_native(self, x: Tree, dtype: DtypeName | None = None, *, held: bool = False) -> Tree:
        """Arrays or tensors as this model's tensors.

        Args:
            dtype: what floating ones are cast to; the dtype that layers compute in if not given.
            held: whether arrays stay as they are and tensors are not written to, so that both
                may share memory.

        Raises:
            ForeignTensorError: a tensor of another framework.
            MaskError: a mask that is not boolean, or does not fit its values.
        """
        wanted = dtype or self.policy.compute
        native = tree.map(lambda leaf: self._to_native(leaf, wanted, held), x)
        if any_masked(native):
            check_masked(native)
            self._builder.carry_masks()
        return native

    def native_batch(self, batch: Batch, *, held: bool = False) -> tuple[Tree, Tree, Tree]:
        """Inputs, targets and weights as native tensors; builds the model for them if need be."""
        x, wide = self.to_native(batch.x, held=held), self.policy.variable
        self.ensure_built(x)
        y, weight = (self.to_native(part, wide, held=held) for part in (batch.y, batch.weight))
        return x, y, weight

    def _to_native(self, leaf: Any, dtype: DtypeName, held: bool) -> Any:
        state = self.backend.state
        if leaf is None:
            return None
        if state.is_tensor_type(type(leaf)):
            name = state.dtype_name(leaf)
            cast = dtypes.is_floating(name) and name != dtype
            return self.backend.ops.astype(leaf, dtype) if cast else leaf
        foreign = registry.of_type(type(leaf))
        if foreign is not None:
            raise ForeignTensorError(
                f"this model is on {self.backend.name}, the tensor is {foreign.name}'s; move it "
                f"with dn.transfer(tensor, {self.backend.name!r}), or give NumPy"
            )
        array: Any = host_array(leaf)
        cast = array.dtype.kind == "f" and array.dtype.name != dtype
        if held and not cast:
            return self.backend.loops.hold(array, device=self._native_device)
        return state.from_numpy(array, dtype=dtype if cast else None, device=self._native_device)

    # Weights

    def named_variables(self) -> dict[str, Tensor]:
        """Every weight and state variable by path, in order of definition (native)."""
        self._need_weights()
        return self.backend.layers.variables(self._native)

    def named_trainable_variables(self) -> dict[str, Tensor]:
        """The variables that gradients flow to, by path (native)."""
        trainable = self.backend.layers.is_trainable
        return {path: v for path, v in self.named_variables().items() if trainable(v)}

    @property
    def variables(self) -> list[Tensor]:
        """Every weight and state variable, in order of definition (native)."""
        return list(self.named_variables().values())

    @property
    def trainable_variables(self) -> list[Tensor]:
        """The variables that gradients flow to (native)."""
        return list(self.named_trainable_variables().values())

    def state(self) -> dict[str, NDArray]:
        """Path to value, as NumPy, in the canonical layout: equal on every backend."""
        return {p: self.backend.state.to_numpy(v) for p, v in self.named_variables().items()}

    def load_state(self, state: Mapping[str, NDArray], *, strict: bool = True) -> None:
        """Overwrites variables with the values of ``state``; all of them, or none.

        Args:
            state: path to value, as :meth:`state` gives it.
            strict: whether every variable must be there, and nothing else.

        Raises:
            StateError: paths are missing or unknown, or a value is of a kind that its
                variable cannot hold.
            ShapeError: a value has another shape than its variable.
        """
        hint = "; pass strict=False to load what fits"
        take_over(
            self.backend,
            self.named_variables(),
            state,
            owner="the model",
            strict=strict,
            hint=hint,
        )

    def named_weights(self) -> dict[str, Tensor]:
        """The weights, trained or frozen, by path: every variable that is not state (native)."""
        states = self.backend.layers.states(self._native)
        return {path: v for path, v in self.named_variables().items() if path not in states}

    def penalty(self) -> Tensor:
        """What regularizers add to the loss: a native scalar, with gradients; 0 without any.

        That is the sum over the weights as they are, and over the activities of the latest
        call of the model, which count once: ask once after each call, in a compiled function
        inside it::

            with dn.GradientTape() as tape:
                prediction = model(x, training=True)
                loss = dn.losses.mse(y, prediction) + model.penalty()

        ``fit`` and ``evaluate`` count it by themselves.

        Raises:
            NotBuiltError: the model has no weights yet.
        """
        self._need_weights()
        total = self.penalties.take()
        if total is not None:
            return total
        return self.backend.ops.zeros((), dtype=self.policy.variable, device=self._native_device)

    def constraints(self) -> dict[str, Constraint]:
        """Path to constraint, of the trained weights that have one."""
        held = {id(getattr(module, name)): rule for module, name, rule in self._builder.constraints}
        named = self.named_trainable_variables()
        return {path: held[id(v)] for path, v in named.items() if id(v) in held}

    def count_params(self) -> int:
        """How many numbers the model's weights hold (state is not counted)."""
        return sum(math.prod(self.backend.state.shape(v)) for v in self.named_weights().values())

    def summary(self, print_fn: Callable[[str], Any] = print) -> str:
        """Prints a table of layers, output shapes and parameter counts; returns its text."""
        from dualnet.summary import summarize  # drawn by a library that need not always load

        text = summarize(self)
        print_fn(text)
        return text

    def _need_weights(self) -> None:
        if not self.built:
            raise NotBuiltError(
                "this model has no weights yet: give Model(input_shape=…), call "
                "model.build(input_shape), or run it on a batch"
            )

    # Files

    def save(self, path: str | PathLike[str]) -> None:
        """Writes weights, optimizer state, definition and history; see :func:`dualnet.load`."""
        from dualnet.checkpoint import save  # file formats load only when used

        save(self, path)


def _check_network(network: Any) -> None:
    if isinstance(network, Layer):
        return
    hint = f"; write nn.{network.__name__}(…)" if isinstance(network, type) else ""
    raise ConfigError(
        f"Model takes a definition (a dualnet.nn.Layer), got {type(network).__name__}{hint}; "
        "a native module goes in as nn.Native(torch=…, tensorflow=…)"
    )


def _input_dtype(layer: Layer) -> str | None:
    """The dtype of inputs that the first layer to see them asks for."""
    first = getattr(layer, "layers", None)
    if first and not hasattr(layer, "input_specs"):
        return _input_dtype(first[0])
    if isinstance(layer, Wrapper):
        return _input_dtype(layer.layer)
    return type(layer).input_dtype


def _declared_shapes(network: Layer) -> Tree:
    """The input shapes that a graph knows by itself."""
    specs = getattr(network, "input_specs", None)
    if specs is None:
        return None
    places = network.inputs
    return tree.map(
        lambda ref: shapes.SampleShape(*(getattr(specs[ref.place], k) for k in SPEC)), places
    )


def _takes_several(network: Layer) -> bool:
    """Whether ``forward`` takes several inputs, so that a tuple is spread over them."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = list(inspect.signature(type(network).forward).parameters.values())[1:]
    required = [p for p in parameters if p.kind in kinds and p.default is inspect.Parameter.empty]
    several = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters)
    return several or len(required) > 1


def _say_where(error: Exception) -> None:
    """Adds to an error the path of the innermost layer it came from."""
    path, layer, frame = None, None, error.__traceback__
    while frame is not None:
        owner = frame.tb_frame.f_locals.get("self")
        if isinstance(owner, Layer) and "_path" in owner.__dict__:
            path, layer = owner.__dict__["_path"], type(owner).__name__
        frame = frame.tb_next
    if path:
        error.add_note(f"in layer {path!r} ({layer})")
