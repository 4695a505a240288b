"""One dispatch between a name and a backend's kernel.

``ops.f(x)`` finds the backend from the type of its first tensor.  Types are looked up in a
table that belongs to the function, so that a dispatch is one dictionary look-up.  All else
is found out when that look-up or the kernel fails: NumPy arrays and numbers that must become
tensors, tensors of two frameworks in one call, shapes that do not fit.  Nothing on the good
path reads a context variable, so compilers of either framework trace through it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, cast

import numpy as np

from dualnet import registry, tree
from dualnet.context import current_backend, current_device
from dualnet.device import select
from dualnet.dtypes import SCALARS
from dualnet.errors import DtypeError, ForeignTensorError, MaskError
from dualnet.masked import ADVICE, Masked, any_masked
from dualnet.protocols import Backend

__all__ = ["backend_of", "composed", "creators", "dispatcher", "dispatchers"]

Function = Callable[..., Any]
NUMPY = (np.ndarray, np.generic)
Namespace = Callable[[Backend], Any]
Arguments = tuple[tuple[Any, ...], dict[str, Any]]


def creators(protocol: type, find: Namespace) -> dict[str, Function]:
    """A function on the current backend and device for each method of a protocol.

    ``find`` gives the namespace of a backend in which the functions live.
    """
    return {name: _creator(method, find) for name, method in _declared(protocol).items()}


def dispatchers(protocols: Iterable[type], find: Namespace) -> dict[str, Function]:
    """A function on the backend of its arguments for each method of the protocols.

    ``find`` gives the namespace of a backend in which the functions live.
    """
    return {
        name: dispatcher(method, find)
        for protocol in protocols
        for name, method in _declared(protocol).items()
    }


def dispatcher(method: Function, find: Namespace) -> Function:
    """A function on the backend of its arguments for one method of a protocol."""
    signature = _signature(method)
    parameters = list(signature.parameters.values())
    way = _SlowWay(method, find, parameters)
    registry.configure(f"ops {method.__qualname__}", way.learn)
    if all(p.kind is p.POSITIONAL_ONLY and p.annotation == "Tensor" for p in parameters):
        made = {1: _of_one, 2: _of_two}.get(len(parameters), _by_first)
    else:
        others = {"Sequence[Tensor]": _by_first_of_sequence, "str": _by_second}
        made = others.get(str(parameters[0].annotation), _by_first)
    return _dressed(made(way), method, signature)


def _by_first(way: _SlowWay) -> Function:
    table = way.table

    def dispatch(x: Any, /, *args: Any, **kwargs: Any) -> Any:
        kernel = table.get(type(x))
        if kernel is not None:
            try:
                return kernel(x, *args, **kwargs)
            except Exception as error:
                way.failed(error, x, *args, **kwargs)
        return way(x, *args, **kwargs)

    return dispatch


# The same for those that take one or two tensors and no more: Python calls a function with
# parameters of its own in half the time.


def _of_one(way: _SlowWay) -> Function:
    table = way.table

    def dispatch(x: Any, /) -> Any:
        kernel = table.get(type(x))
        if kernel is not None:
            try:
                return kernel(x)
            except Exception as error:
                way.failed(error, x)
        return way(x)

    return dispatch


def _of_two(way: _SlowWay) -> Function:
    table = way.table

    def dispatch(x1: Any, x2: Any, /) -> Any:
        kernel = table.get(type(x1))
        if kernel is not None:
            try:
                return kernel(x1, x2)
            except Exception as error:
                way.failed(error, x1, x2)
        return way(x1, x2)

    return dispatch


def _by_first_of_sequence(way: _SlowWay) -> Function:
    table = way.table

    def dispatch(xs: Any, /, *args: Any, **kwargs: Any) -> Any:
        kernel = table.get(_type_of_first(xs))
        if kernel is not None:
            try:
                return kernel(xs, *args, **kwargs)
            except Exception as error:
                way.failed(error, xs, *args, **kwargs)
        return way(xs, *args, **kwargs)

    return dispatch


def _by_second(way: _SlowWay) -> Function:
    table = way.table

    def dispatch(first: Any, x: Any, /, *args: Any, **kwargs: Any) -> Any:
        kernel = table.get(type(x))
        if kernel is not None:
            try:
                return kernel(first, x, *args, **kwargs)
            except Exception as error:
                way.failed(error, first, x, *args, **kwargs)
        return way(first, x, *args, **kwargs)

    return dispatch


def composed(function: Function) -> Function:
    """A function written over others, which says what was wanted where it is given no tensor."""
    parameters = inspect.signature(function).parameters.values()
    places = [i for i, p in enumerate(parameters) if p.annotation == "Tensor"]

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (AttributeError, TypeError):
            _check_operands(function.__name__, places, args)
            raise

    return call


def _check_operands(name: str, places: list[int], args: tuple[Any, ...]) -> None:
    """Raises :class:`DtypeError` unless tensors stand, or can stand, at these places."""
    for i in places[: len(args)]:
        if not (_is_operand(args[i]) or isinstance(args[i], NUMPY)):
            raise DtypeError(
                f"{name} takes tensors, NumPy arrays and numbers, got {type(args[i]).__name__}; "
                "make a tensor of it with ops.asarray"
            )


def _type_of_first(xs: Any) -> type:
    try:
        return type(xs[0])
    except Exception:  # it is empty, or no sequence
        return type(None)


class _NoWay(TypeError):
    """No kernel was run, for the table does not say which."""


class _SlowWay:
    """What a dispatching function does when its table knows no way, or the way led nowhere.

    The arguments are looked through and made tensors where they are arrays or numbers.  What
    a kernel refused although there was nothing to be made of its arguments is not tried
    again: it may have assigned or drawn something.  Its error is told in our words.
    """

    def __init__(
        self, method: Function, find: Namespace, parameters: list[inspect.Parameter]
    ) -> None:
        self.name = method.__name__
        self.find = find
        self.table: dict[type, Function] = {}
        #: Places of the positional parameters that are tensors.
        self.places = [i for i, p in enumerate(parameters) if p.annotation == "Tensor"]
        if self.places[:2] == [0, 1]:
            self.table.update(dict.fromkeys(SCALARS, self.scalar_first))

    def learn(self, backend: Backend) -> None:
        """Enters a backend's usual types, so that compilers find them in the table."""
        for cls in backend.state.TENSOR_TYPES:
            self.table[cls] = getattr(self.find(backend), self.name)

    def scalar_first(self, scalar: Any, x: Any, /, *args: Any, **kwargs: Any) -> Any:
        """``f(2.0, x)``: the way is that of ``x``."""
        kernel = None if isinstance(x, SCALARS) else self.table.get(type(x))
        if kernel is None:
            raise _NoWay
        return kernel(scalar, x, *args, **kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        _refuse_masked(self.name, args, kwargs)
        given = _tensors(args, kwargs)
        backend = _common_backend(given)
        function = getattr(self.find(backend), self.name)
        self.table.update(dict.fromkeys(map(type, given), function))
        args, kwargs = self.as_tensors(backend, given, args, kwargs)
        try:
            return function(*args, **kwargs)
        except Exception as error:
            self.explain(backend, error, args, kwargs)
            raise

    def failed(self, error: Exception, /, *args: Any, **kwargs: Any) -> None:
        """Raises the error of a kernel, unless :meth:`__call__` has more to say or to try."""
        _refuse_masked(self.name, args, kwargs)
        if isinstance(error, _NoWay) or not self.as_they_should_be(args, kwargs):
            return  # so that an error of the slow way does not drag this one along
        self.explain(backend_of(args, kwargs), error, args, kwargs)
        raise error

    def explain(self, backend: Backend, error: Exception, args: Any, kwargs: Any) -> None:
        """Raises the error in our words, if there are any for it."""
        ours = backend.ops.failure(error)
        if ours is not None:
            raise type(ours)(f"{self.name}{_told(backend, args, kwargs)}: {ours}") from error

    def as_they_should_be(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether a kernel can be given these arguments: tensors of one backend, and no arrays."""
        leaves = tree.leaves((args, kwargs))
        backends = {registry.of_type(type(leaf)) for leaf in leaves} - {None}
        return (
            len(backends) == 1
            and not any(isinstance(leaf, NUMPY) for leaf in leaves)
            and all(_is_operand(args[i]) for i in self.places[: len(args)])
        )

    def as_tensors(self, backend: Backend, given: list[Any], args: Any, kwargs: Any) -> Arguments:
        """The arguments with NumPy arrays, and numbers that stand alone, as tensors.

        Raises:
            DtypeError: what should be a tensor cannot be one.
        """
        of = backend.device.device_of
        device = of(given[0]) if given else select(backend, current_device())

        def tensor(leaf: Any) -> Any:
            return backend.ops.asarray(leaf, device=device)

        def adopted(leaf: Any) -> Any:
            if given and isinstance(leaf, np.generic):
                return leaf.item()  # weak, like a Python number
            return tensor(leaf) if isinstance(leaf, NUMPY) else leaf

        leaves = tree.leaves((args, kwargs))
        alone = not given and not any(isinstance(leaf, NUMPY) for leaf in leaves)
        args, kwargs = tree.map(adopted, args), tree.map(adopted, kwargs)
        _check_operands(self.name, self.places, args)
        if alone:
            args = tuple(tensor(a) if i in self.places else a for i, a in enumerate(args))
        return args, kwargs


def backend_of(*arguments: Any) -> Backend:
    """The backend whose tensors are among the arguments; the current one if there are none.

    Raises:
        ForeignTensorError: tensors of two backends are among them.
    """
    return _common_backend(_tensors(arguments))


def _refuse_masked(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Raises :class:`MaskError` if masked values are among the arguments."""
    if any_masked(args) or any_masked(kwargs):
        raise MaskError(f"{name} takes tensors, and would lose the mask of Masked; {ADVICE}")


def _is_operand(value: Any) -> bool:
    """Whether this can stand where a tensor is wanted."""
    return isinstance(value, SCALARS) or registry.of_type(type(value)) is not None


def _tensors(*arguments: Any) -> list[Any]:
    """The native tensors among the leaves of the arguments."""
    return [leaf for leaf in tree.leaves(arguments) if registry.of_type(type(leaf)) is not None]


def _common_backend(tensors: list[Any]) -> Backend:
    """The one backend of all these tensors; the current one if there are none."""
    found = [registry.of_type(type(x)) for x in tensors]
    backends = [b for i, b in enumerate(found) if b is not None and b not in found[:i]]
    if len(backends) > 1:
        one, other = (b.name for b in backends[:2])
        raise ForeignTensorError(
            f"tensors of {one} and of {other} in one call; move one with "
            f"dn.transfer(tensor, {one!r})"
        )
    return backends[0] if backends else current_backend()


def _creator(method: Function, find: Namespace) -> Function:
    """A function on the current backend and device; for a tensor, on its own."""
    name = method.__name__
    adopts = name == "from_dlpack"  # what it is given may be of any framework

    def create(*args: Any, device: Any = None, **kwargs: Any) -> Any:
        if args and isinstance(args[0], Masked):
            _refuse_masked(name, args, kwargs)
        if adopts and args and not hasattr(args[0], "__dlpack__"):
            raise DtypeError(
                f"{name} takes an array of any library, which has __dlpack__, got "
                f"{type(args[0]).__name__}; make a tensor of it with ops.asarray"
            )
        given = registry.of_type(type(args[0])) if args and not adopts else None
        backend = given or current_backend()
        if device is not None or given is None:
            device = select(backend, device or current_device())
        return getattr(find(backend), name)(*args, device=device, **kwargs)

    return _dressed(create, method, _signature(method))


def _declared(protocol: type) -> dict[str, Function]:
    """The functions a protocol declares, by name."""
    methods = vars(protocol).items()
    return {k: m for k, m in methods if inspect.isfunction(m) and not k.startswith("_")}


def _signature(method: Function) -> inspect.Signature:
    """The signature of a protocol's method, without ``self``."""
    whole = inspect.signature(method)
    return whole.replace(parameters=list(whole.parameters.values())[1:])


def _dressed(function: Any, method: Function, signature: inspect.Signature) -> Function:
    """``function`` with the name and documentation of the protocol's method, and a signature."""
    function.__name__ = function.__qualname__ = method.__name__
    function.__doc__ = method.__doc__
    function.__signature__ = signature
    return cast(Function, function)


def _told(backend: Backend, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Arguments as text: of a tensor dtype and shape, of anything else what it is."""

    def leaf_told(leaf: Any) -> str:
        if registry.of_type(type(leaf)) is None:
            return repr(leaf)
        return f"{backend.state.dtype_name(leaf)}{list(backend.state.shape(leaf))}"

    def told(value: Any) -> str:
        if isinstance(value, (tuple, list)):
            return f"[{', '.join(map(told, value))}]"
        return leaf_told(value)

    named = [f"{key}={told(value)}" for key, value in kwargs.items()]
    return f"({', '.join([*map(told, args), *named])})"
