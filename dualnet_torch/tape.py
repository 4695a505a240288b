"""Gradients on PyTorch."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch._C import _functorch as functorch

from dualnet.errors import TapeError
from dualnet.protocols.tape import Flat, Pullback


class _Eager:
    """How many recordings are open outside compiled graphs, in all threads, under a lock.

    One for all of them, since compiled code may look at it but cannot at a thread-local.

    A graph that takes a gradient is compiled anew when ``recording`` changes, for what
    happens in it may then need to be differentiated again.
    """

    def __init__(self) -> None:
        self.recording = False
        self._count = 0
        self._lock = threading.Lock()

    def add(self, change: int) -> None:
        """Counts a recording that opens (1) or closes (-1)."""
        with self._lock:
            self._count += change
            self.recording = self._count > 0


_eager = _Eager()

#: Holds something while a graph is being compiled that has taken a gradient with no tape
#: around it, so that nobody asks its results for another.  A plain list of the module, for the
#: compiler follows that and no thread-local; it compiles one graph at a time, under a lock.
_spent: list[bool] = []


class Recording:
    """PyTorch records by itself wherever a tensor has ``requires_grad``.

    A plain tensor that is watched is given it, and has it taken away when the last
    recording that watches it is released.
    """

    def __init__(self, *, persistent: bool) -> None:
        self._held: list[torch.Tensor] = []
        self._outside: bool | None = None

    def __enter__(self) -> Recording:
        self._outside = torch.is_grad_enabled()
        if not self._outside:
            torch.set_grad_enabled(True)
        _count(1)
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def stop(self) -> None:
        if self._outside is not None:
            if torch.is_grad_enabled() is not self._outside:
                torch.set_grad_enabled(self._outside)
            self._outside = None
            _count(-1)

    def watch(self, tensor: torch.Tensor, /) -> None:
        holders = getattr(tensor, "_holders", 0)
        if tensor.requires_grad and not holders:
            return  # it is the user's, or a result: nothing to give back
        try:
            tensor.requires_grad_()
        except RuntimeError as error:
            raise TapeError(
                f"PyTorch cannot watch this tensor ({error}); inside dn.grad, dn.vmap and the "
                "like use these functions instead of a tape"
            ) from error
        if not self._held:
            weakref.finalize(self, _give_back, self._held).atexit = False
        tensor._holders = holders + 1  # type: ignore[attr-defined]  # tensors take attributes
        self._held.append(tensor)

    def is_watched(self, tensor: torch.Tensor, /) -> bool:
        return tensor.requires_grad and tensor.is_leaf

    def gradient(
        self,
        targets: Sequence[torch.Tensor],
        sources: Sequence[torch.Tensor],
        output_gradients: Sequence[torch.Tensor] | None,
        /,
        *,
        retain: bool,
        differentiable: bool,
    ) -> list[torch.Tensor | None]:
        upstream: Sequence[torch.Tensor | None] = output_gradients or [_one(t) for t in targets]
        rows = [(t, u) for t, u in zip(targets, upstream, strict=True) if t.requires_grad]
        return _gradient(
            [target for target, _ in rows],
            sources,
            [gradient for _, gradient in rows],
            retain=retain,
            differentiable=differentiable,
        )

    def jacobian(
        self,
        target: torch.Tensor,
        sources: Sequence[torch.Tensor],
        /,
        *,
        retain: bool,
        differentiable: bool,
    ) -> list[torch.Tensor | None]:
        rows = _gradient(
            [target] if target.requires_grad else [],
            sources,
            [unit_vectors(target)],
            retain=retain,
            differentiable=differentiable,
            batched=True,
        )
        shapes = [(*target.shape, *source.shape) for source in sources]
        return [
            None if row is None else row.reshape(shape)
            for row, shape in zip(rows, shapes, strict=True)
        ]

    def release(self) -> None:
        _give_back(self._held)


def _one(target: torch.Tensor) -> torch.Tensor | None:
    """The gradient of a target of one number in itself; ``None`` where PyTorch makes it faster."""
    return torch.ones_like(target) if target.is_complex() else None


def _give_back(held: list[Any]) -> None:
    """Takes the mark from tensors that no other recording watches."""
    while held:
        tensor = held.pop()
        tensor._holders -= 1
        if not tensor._holders:
            tensor.requires_grad_(False)


def _gradient(
    targets: Sequence[torch.Tensor],
    sources: Sequence[torch.Tensor],
    upstream: Sequence[torch.Tensor | None],
    *,
    retain: bool,
    differentiable: bool,
    batched: bool = False,
) -> list[torch.Tensor | None]:
    """``torch.autograd.grad``, which refuses what does not require a gradient."""
    followed = [source for source in sources if source.requires_grad]
    if not targets or not followed:
        return [None] * len(sources)
    if torch.compiler.is_compiling() and not differentiable:
        _spent.append(True)
    try:
        found = torch.autograd.grad(
            targets,
            followed,
            upstream,
            retain_graph=retain or differentiable,
            create_graph=differentiable,
            allow_unused=True,
            is_grads_batched=batched,
        )
    except RuntimeError as error:
        if "second time" not in str(error):
            raise
        raise TapeError(
            "part of this computation was recorded before the tape opened, and PyTorch has "
            "freed it after another gradient; compute all of it inside the tape's block"
        ) from error
    stream = iter(found)
    return [next(stream) if source.requires_grad else None for source in sources]


def _count(change: int) -> None:
    if not torch.compiler.is_compiling():
        _eager.add(change)


def record(*, persistent: bool) -> Recording:
    return Recording(persistent=persistent)


def no_gradient() -> AbstractContextManager[None]:
    return torch.no_grad()


def stop_gradient(x: torch.Tensor, /) -> torch.Tensor:
    return x.detach()


def unit_vectors(like: torch.Tensor, /) -> torch.Tensor:
    size = like.numel()
    identity = torch.eye(size, dtype=like.dtype, device=like.device)
    return identity.reshape(size, *like.shape)


class _WithGradient(torch.autograd.Function):
    """Passes values on, and gives the sources the gradients of a Python function."""

    generate_vmap_rule = True

    @staticmethod
    def forward(backward: Pullback, count: int, *tensors: torch.Tensor) -> Any:
        return tuple(value.clone() for value in tensors[:count])

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.function, ctx.count = inputs[:2]

    @staticmethod
    def backward(ctx: Any, *upstream: torch.Tensor) -> Any:
        return (None, None, *[None] * ctx.count, *ctx.function(*upstream))


def with_gradient(
    values: Sequence[torch.Tensor], sources: Sequence[torch.Tensor], backward: Pullback, /
) -> Sequence[torch.Tensor]:
    if torch.compiler.is_compiling() and functorch.maybe_current_level() is not None:
        torch._dynamo.graph_break()  # PyTorch 2.13 miscompiles an autograd.Function in torch.func
    constants = [value.detach() for value in values]
    return _WithGradient.apply(backward, len(constants), *constants, *sources)


def vjp(
    function: Callable[..., tuple[Sequence[Any], Sequence[Any]]], /, *primals: torch.Tensor
) -> tuple[Sequence[torch.Tensor], Sequence[torch.Tensor], Pullback]:
    def tupled(*tensors: torch.Tensor) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        outputs, aux = function(*tensors)
        return tuple(outputs), tuple(aux)

    made: tuple[Any, ...] = torch.func.vjp(tupled, *primals, has_aux=True)
    outputs, pullback, aux = made
    return outputs, aux, lambda *upstream: pullback(upstream)


def jvp(
    function: Flat, primals: Sequence[torch.Tensor], tangents: Sequence[torch.Tensor], /
) -> tuple[Sequence[torch.Tensor], Sequence[torch.Tensor]]:
    def tupled(*tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(function(*tensors))

    made: tuple[Any, ...] = torch.func.jvp(tupled, tuple(primals), tuple(tangents))
    return made[0], made[1]


def vmap(
    function: Flat, tensors: Sequence[torch.Tensor], axes: Sequence[int], /
) -> Sequence[torch.Tensor]:
    def tupled(*slices: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(function(*slices))

    return torch.func.vmap(tupled, in_dims=tuple(axes), randomness="different")(*tensors)
