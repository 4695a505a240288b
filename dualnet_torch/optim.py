"""Applying update rules on PyTorch; the twin is ``dualnet_tf/optim.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from dualnet.optim.adam import Adam, AdamW
from dualnet.optim.base import EMA, Optimizer
from dualnet.optim.rmsprop import RMSprop
from dualnet.optim.sgd import SGD
from dualnet.typing import DtypeName, NDArray
from dualnet_torch.state import Variable, from_numpy

List = list[Tensor] | tuple[Tensor, ...]


def counter(value: int, /) -> Tensor:
    return torch.tensor(value, dtype=torch.int64, device="cpu")


def scalar(value: float, /) -> Tensor:
    return torch.tensor(value, dtype=torch.float64, device="cpu")


def beside(variable: Tensor, value: NDArray, /, *, dtype: DtypeName) -> Tensor:
    held = from_numpy(value, dtype=dtype, device=variable.device)
    if held.shape == variable.shape:  # lying in memory in the same order, as the kernels want it
        held = torch.empty_like(variable, dtype=held.dtype, requires_grad=False).copy_(held)
    return Variable(held, requires_grad=False)


def count(counter: Tensor, /) -> None:
    counter.add_(1)


def read(scalar: Tensor, /) -> Any:
    if not torch.compiler.is_compiling():
        return scalar.item()
    return scalar if scalar.dtype == torch.bool else scalar.to(torch.float64)


def apply(
    rule: Optimizer,
    variables: list[Tensor],
    gradients: list[Tensor],
    slots: Mapping[str, list[Tensor | None]],
    step: Any,
    lr: Any,
    finite: Tensor | None,
    /,
) -> None:
    with torch.no_grad():
        if finite is None and type(rule) in FUSED and _alike(variables, gradients, slots):
            alike = [_laid_out(g, like=p) for g, p in zip(gradients, variables, strict=True)]
            FUSED[type(rule)](rule, variables, alike, slots, step, lr)
            _fused_average(rule, variables, slots)
            return
        coefficients = rule.step_coefficients(step, lr)
        for place, (variable, g) in enumerate(zip(variables, gradients, strict=True)):
            held = {name: t for name, of in slots.items() for t in [of[place]] if t is not None}
            scalars = {name: _narrowed(value, g.dtype) for name, value in coefficients.items()}
            value, new = rule.advance(variable.to(g.dtype), g, held, finite, **scalars)
            variable.copy_(value)
            for name, slot in held.items():
                slot.copy_(new[name])


def _narrowed(value: Any, dtype: torch.dtype) -> Any:
    """A coefficient as a tensor of this dtype; a Python number is weak already."""
    return value.to(dtype) if isinstance(value, Tensor) else value


# One call for all variables where PyTorch has it: eager PyTorch pays for every call, which the
# loop above makes by the dozen.  A compiler fuses the loop, so there it stays.


def _alike(variables: List, gradients: List, slots: Mapping[str, Sequence[Tensor | None]]) -> bool:
    """Whether the kernels below take these tensors: eager, of one dtype, on one device.

    Slots are read by index elsewhere, so they must lie in memory as their variables do.
    """
    if torch.compiler.is_compiling():
        return False
    kinds = {(tensor.dtype, tensor.device) for tensor in (*variables, *gradients)}
    strides = [p.stride() for p in variables]
    return len(kinds) == 1 and all(
        [slot if slot is None else slot.stride() for slot in held] == strides
        for held in slots.values()
    )


def _laid_out(g: Tensor, *, like: Tensor) -> Tensor:
    """A gradient in its variable's memory order, since the kernels walk memory, not indices."""
    return g if _same_order(g, like) else torch.empty_like(like).copy_(g)


def _same_order(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors of one shape lie in memory alike; strides of size 1 say nothing."""
    if one.stride() == other.stride():
        return True
    axes = zip(one.shape, one.stride(), other.stride(), strict=True)
    return all(size == 1 or mine == its for size, mine, its in axes)


def _fused_adam(
    rule: Adam, p: List, g: List, slots: Mapping[str, List], step: int, lr: float
) -> None:
    if rule.l2:
        g = torch._foreach_add(g, p, alpha=rule.l2)
    count = torch.full((), step, dtype=torch.float32, device=p[0].device)
    torch._fused_adamw_(
        _as_stored(p, p),
        _as_stored(g, p),
        _as_stored(slots["m"], p),
        _as_stored(slots["v"], p),
        _as_stored(slots["v_max"], p) if rule.amsgrad else [],
        [count] * len(p),
        lr=lr,
        beta1=rule.beta_1,
        beta2=rule.beta_2,
        weight_decay=rule.weight_decay,
        eps=rule.epsilon,
        amsgrad=rule.amsgrad,
        maximize=False,
    )


def _as_stored(tensors: List, variables: List) -> list[Tensor]:
    """Contiguous views; of anything else the kernel makes a copy, and walks that by index."""
    pairs = zip(tensors, variables, strict=True)
    return [t if p.is_contiguous() else _outermost_first(t, p) for t, p in pairs]


def _outermost_first(tensor: Tensor, like: Tensor) -> Tensor:
    """Its axes in the order in which they lie in memory, those of a variable of this layout."""
    if tensor.ndim == 2:
        return tensor.mT
    return tensor.permute(*sorted(range(tensor.ndim), key=like.stride, reverse=True))


def _fused_sgd(
    rule: SGD, p: List, g: List, slots: Mapping[str, List], step: int, lr: float
) -> None:
    g = _prepared(rule, p, g, lr)
    if rule.momentum:
        v = slots["v"]
        torch._foreach_mul_(v, rule.momentum)
        torch._foreach_add_(v, g)
        g = torch._foreach_add(g, v, alpha=rule.momentum) if rule.nesterov else v
    torch._foreach_add_(p, g, alpha=-lr)


def _fused_rmsprop(
    rule: RMSprop, p: List, g: List, slots: Mapping[str, List], step: int, lr: float
) -> None:
    g, s = _prepared(rule, p, g, lr), slots["s"]
    torch._foreach_mul_(s, rule.rho)
    torch._foreach_addcmul_(s, g, g, 1.0 - rule.rho)
    if rule.centered:
        a = slots["a"]
        torch._foreach_mul_(a, rule.rho)
        torch._foreach_add_(a, g, alpha=1.0 - rule.rho)
        s = torch._foreach_addcmul(s, a, a, -1.0)
        torch._foreach_clamp_min_(s, 0.0)
    root = torch._foreach_sqrt(s)
    torch._foreach_add_(root, rule.epsilon)
    direction: List = torch._foreach_div(g, root)
    if rule.momentum:
        b = slots["b"]
        torch._foreach_mul_(b, rule.momentum)
        torch._foreach_add_(b, direction)
        direction = b
    torch._foreach_add_(p, direction, alpha=-lr)


def _fused_average(rule: Optimizer, p: List, slots: Mapping[str, Any]) -> None:
    if rule.ema is not None:
        torch._foreach_lerp_(slots[EMA], p, 1.0 - rule.ema)


def _prepared(rule: Optimizer, p: List, g: List, lr: float) -> List:
    """The gradients with ``l2``, and the variables decayed in place, as in ``rule.advance``."""
    if rule.l2:
        g = torch._foreach_add(g, p, alpha=rule.l2)
    if rule.weight_decay:
        torch._foreach_mul_(p, 1.0 - lr * rule.weight_decay)
    return g


#: By exact type: a subclass may have another formula.
FUSED: dict[type[Optimizer], Callable[..., None]] = {
    Adam: _fused_adam,
    AdamW: _fused_adam,
    RMSprop: _fused_rmsprop,
    SGD: _fused_sgd,
}
