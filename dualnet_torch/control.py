"""Control flow on PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from dualnet import tree
from dualnet.ops._trees import chosen, repeated, stepwise


def branch(
    pred: Tensor,
    true_fn: Callable[..., Any],
    false_fn: Callable[..., Any],
    operands: tuple[Any, ...],
    /,
) -> Any:
    if torch.compiler.is_compiling() or _without_value(pred):
        return torch.cond(pred, _owned(true_fn), _owned(false_fn), operands)
    return chosen(pred, true_fn, false_fn, operands)


def loop(
    cond_fn: Callable[..., Tensor],
    body_fn: Callable[..., tuple[Any, ...]],
    state: tuple[Any, ...],
    /,
    *,
    maximum: int | None,
) -> tuple[Any, ...]:
    if not torch.compiler.is_compiling():
        return repeated(cond_fn, body_fn, state, maximum=maximum)
    from torch._higher_order_ops import while_loop  # here, for it loads the compiler

    state = tree.map(torch.clone, state)  # what is carried must be none of what is captured
    limit = torch.iinfo(torch.int64).max if maximum is None else maximum
    _, *found = while_loop(
        lambda done, *state: torch.logical_and(done < limit, cond_fn(*state)),
        lambda done, *state: (done + 1, *_owned(body_fn)(*state)),
        (tree.leaves(state)[0].new_zeros((), dtype=torch.int64), *state),
    )
    # A copy, for with gradients the result is the end of a tensor of unknown length.
    return tree.map(torch.clone, tuple(found))


scan = stepwise  # a loop of Python: PyTorch's own has no second gradient


def _owned(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function``, whose results are none of its arguments, as PyTorch wants it."""

    def call(*args: Any) -> Any:
        return tree.map(torch.clone, function(*args))

    return call


def _without_value(pred: Tensor) -> bool:
    """Whether this is one bool for each of the slices that are mapped over."""
    try:
        bool(pred)
    except RuntimeError:
        return True
    return False
