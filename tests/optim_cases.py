"""One row per optimizer form: ours, and ``torch.optim``'s or a paper's of the same meaning.

Where weight decay is concerned the rows say which of PyTorch's two it is: ours is decoupled
(``AdamW``'s), ``l2`` is PyTorch's ``weight_decay`` in SGD, Adam and RMSprop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import torch
from optim_references import (
    Reference,
    ftrl,
    lamb,
    lion,
    muon,
    schedule_free_adamw,
    torch_optim,
)

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


@dataclass(frozen=True)
class Course:
    """A rule, and who else computes it."""

    rule: optim.Optimizer
    reference: Reference

    def __str__(self) -> str:
        return repr(self.rule)


def _torch(rule: optim.Optimizer, kind: type, **options: object) -> Course:
    return Course(rule, torch_optim(kind, **options))


#: At least one row for every optimizer: 300 steps on three problems, at rates that go down to a
#: minimum: steps that jump about it would throw the last bit of either side ever further.
#: Adafactor with a small ε₁ is such a rule, and has its own test: PyTorch's own run parts from
#: itself by 1e-3 there when its start is moved in the last bit.
COURSES = [
    _torch(optim.SGD(0.01, 0.9), torch.optim.SGD, momentum=0.9),
    _torch(optim.Adam(0.01), torch.optim.Adam),
    _torch(optim.AdamW(0.01), torch.optim.AdamW),
    _torch(
        optim.RMSprop(momentum=0.5, centered=True), torch.optim.RMSprop, momentum=0.5, centered=True
    ),
    _torch(optim.Adamax(), torch.optim.Adamax),
    _torch(optim.Nadam(), torch.optim.NAdam),
    _torch(optim.Adagrad(), torch.optim.Adagrad),
    _torch(optim.Adadelta(), torch.optim.Adadelta),
    _torch(optim.Adafactor(), torch.optim.Adafactor),
    Course(
        optim.Lion(1e-3, 0.8, 0.95, weight_decay=0.1),
        partial(lion, beta_1=0.8, beta_2=0.95, decay=0.1),
    ),
    Course(optim.Lamb(0.003, weight_decay=0.1), partial(lamb, decay=0.1)),
    Course(
        optim.Ftrl(l1_regularization_strength=0.1, l2_regularization_strength=0.01),
        partial(ftrl, beta=1.0, l1=0.1, l2=0.01, start=0.0),
    ),
    Course(optim.Muon(0.01), partial(muon, nesterov=True, match_rms=False, decay=0.1)),
    Course(
        optim.ScheduleFreeAdamW(0.01, weight_decay=0.1), partial(schedule_free_adamw, decay=0.1)
    ),
]


@dataclass(frozen=True)
class Search:
    """A rule that evaluates the loss again and again, PyTorch's equal, and how many updates."""

    rule: optim.LBFGS
    updates: int

    def reference(self, parameters: Iterable[torch.Tensor]) -> torch.optim.LBFGS:
        options = self.rule.fields()
        rate = options.pop("learning_rate")
        shared = optim.Optimizer.__dataclass_fields__
        own = {name: value for name, value in options.items() if name not in shared}
        return torch.optim.LBFGS(parameters, rate, **own)

    def __str__(self) -> str:
        return repr(self.rule)


#: Up to three hundred iterations on each of three problems.
SEARCHES = [Search(optim.LBFGS(line_search_fn="strong_wolfe"), 15)]
#: The same with other options: on PyTorch alone, for time.
SEARCH_VARIANTS = [
    Search(optim.LBFGS(max_iter=1, history_size=3, line_search_fn="strong_wolfe"), 300),
    Search(optim.LBFGS(0.1, max_iter=5, max_eval=3), 20),
    Search(optim.LBFGS(max_iter=5, max_eval=4, line_search_fn="strong_wolfe"), 20),
    Search(optim.LBFGS(0.01, tolerance_grad=1e-2, tolerance_change=1e-5), 3),
]

#: The same rules with other options, which the backends share: on PyTorch alone, for time.
VARIANTS = [
    _torch(optim.Adam(0.01, amsgrad=True), torch.optim.Adam, amsgrad=True),
    _torch(
        optim.Adamax(0.01, 0.8, 0.99, l2=0.1),
        torch.optim.Adamax,
        betas=(0.8, 0.99),
        weight_decay=0.1,
    ),
    _torch(
        optim.Nadam(0.01, momentum_decay=1.0, weight_decay=0.1),
        torch.optim.NAdam,
        momentum_decay=1.0,
        weight_decay=0.1,
        decoupled_weight_decay=True,
    ),
    _torch(
        optim.Adagrad(0.1, 0.1, 1e-3, l2=0.1),
        torch.optim.Adagrad,
        initial_accumulator_value=0.1,
        eps=1e-3,
        weight_decay=0.1,
    ),
    _torch(optim.Adadelta(0.5, 0.95, 1e-4), torch.optim.Adadelta, rho=0.95, eps=1e-4),
    _torch(
        optim.Adafactor(0.02, -0.5, 0.1, 0.01, 2.0),
        torch.optim.Adafactor,
        beta2_decay=-0.5,
        eps=(0.1, 0.01),
        d=2.0,
    ),
    Course(
        optim.Ftrl(0.5, 0.0, initial_accumulator_value=0.1),
        partial(ftrl, beta=0.0, l1=0.0, l2=0.0, start=0.1),
    ),
    Course(
        optim.Muon(0.01, nesterov=False, adjust="match_rms_adamw", weight_decay=0.0),
        partial(muon, nesterov=False, match_rms=True, decay=0.0),
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

#: The other rules, each with its terms in use; held as ``OURS`` are.
OTHERS = [
    optim.Adamax(0.01, weight_decay=0.1),
    optim.Nadam(0.01, clipnorm=1.0),
    optim.Adagrad(0.1, 0.1),
    optim.Adadelta(0.5, nonfinite="skip"),
    optim.Adafactor(0.1, weight_decay=0.1),
    optim.Lion(1e-3, weight_decay=0.1, no_decay=("*.bias",)),
    optim.Lamb(0.01, weight_decay=0.1, no_decay=("*.bias",)),
    optim.Ftrl(l1_regularization_strength=0.5),
    optim.Muon(0.01),
    optim.ScheduleFreeAdamW(optim.LinearWarmup(5, then=0.01), weight_decay=0.1),
]
