"""Control flow in compiled functions, on PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from dualnet import tree
from dualnet.ops._trees import stepwise


def branch(
    pred: Tensor,
    true_fn: Callable[..., Any],
    false_fn: Callable[..., Any],
    operands: tuple[Any, ...],
    /,
) -> Any:
    return torch.cond(pred, _owned(true_fn), _owned(false_fn), operands)


def loop(cond_fn: Callable[..., Tensor], body_fn: Callable[..., Any], loop_vars: Any, /) -> Any:
    from torch._higher_order_ops import while_loop  # here, for it loads the compiler

    # A copy, for with gradients the result is the end of a tensor of unknown length.
    return tree.map(torch.clone, while_loop(cond_fn, _owned(body_fn), loop_vars))


scan = stepwise  # a loop of Python: PyTorch's own has no second gradient


def _owned(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function``, whose results are none of its arguments, as PyTorch wants it."""

    def call(*args: Any) -> Any:
        return tree.map(torch.clone, function(*args))

    return call
