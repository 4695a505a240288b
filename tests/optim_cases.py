"""One row per optimizer form: ours, and ``torch.optim``'s of the same meaning.

Where weight decay is concerned the rows say which of PyTorch's two it is: ours is decoupled
(``AdamW``'s), ``l2`` is PyTorch's ``weight_decay`` in SGD, Adam and RMSprop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import torch

from dualnet import optim

Factory = Callable[[Iterable[torch.Tensor]], torch.optim.Optimizer]


@dataclass(frozen=True)
class Case:
    """A rule, and the PyTorch optimizer it equals."""

    rule: optim.Optimizer
    reference: Factory

    def __str__(self) -> str:
        return repr(self.rule)


def _row(rule: optim.Optimizer, reference: type, *args: object, **options: object) -> Case:
    return Case(rule, partial(_made, reference, args, options))


def _made(reference: type, args: tuple, options: dict, parameters: Iterable) -> object:
    return reference(parameters, *args, **options)


CASES = [
    _row(optim.SGD(), torch.optim.SGD, 0.01),
    _row(optim.SGD(0.1), torch.optim.SGD, 0.1),
    _row(optim.SGD(0.1, momentum=0.9), torch.optim.SGD, 0.1, 0.9),
    _row(optim.SGD(0.1, 0.9, nesterov=True), torch.optim.SGD, 0.1, 0.9, nesterov=True),
    _row(optim.SGD(0.1, 0.9, l2=0.01), torch.optim.SGD, 0.1, 0.9, weight_decay=0.01),
    _row(optim.Adam(), torch.optim.Adam),
    _row(optim.Adam(1e-2, 0.8, 0.99, 1e-5), torch.optim.Adam, 1e-2, (0.8, 0.99), 1e-5),
    _row(optim.Adam(amsgrad=True), torch.optim.Adam, amsgrad=True),
    _row(optim.Adam(l2=0.1), torch.optim.Adam, weight_decay=0.1),
    _row(optim.AdamW(), torch.optim.AdamW),
    _row(optim.AdamW(1e-2, weight_decay=0.3), torch.optim.AdamW, 1e-2, weight_decay=0.3),
    _row(optim.Adam(weight_decay=0.1), torch.optim.AdamW, weight_decay=0.1),
    _row(optim.RMSprop(), torch.optim.RMSprop),
    _row(optim.RMSprop(0.01, 0.9), torch.optim.RMSprop, 0.01, 0.9),
    _row(optim.RMSprop(momentum=0.9), torch.optim.RMSprop, momentum=0.9),
    _row(optim.RMSprop(centered=True), torch.optim.RMSprop, centered=True),
    _row(
        optim.RMSprop(momentum=0.5, centered=True, l2=0.01),
        torch.optim.RMSprop,
        momentum=0.5,
        centered=True,
        weight_decay=0.01,
    ),
]

#: Rules that PyTorch has no equal of; together they use every term of every formula.  They are
#: held backend to backend, eager to compiled.
OURS = [
    optim.SGD(optim.ExponentialDecay(0.1, 10, 0.5), global_clipnorm=1.0),
    optim.SGD(0.1, 0.9, nesterov=True, weight_decay=0.1),
    optim.Adam(optim.LinearWarmup(10, then=optim.CosineDecay(1e-2, 20, alpha=0.1)), clipvalue=0.5),
    optim.AdamW(amsgrad=True, l2=0.1, nonfinite="skip"),
    optim.RMSprop(optim.PiecewiseConstant((10, 20), (0.01, 0.003, 0.001)), clipnorm=1.0),
    optim.RMSprop(momentum=0.5, centered=True, weight_decay=0.1, l2=0.01),
]
