"""Bugs of optimizers, schedules and clipping: found in the update, from equal gradients."""

from __future__ import annotations

import numpy as np

from dualnet import nn, ops, optim
from dualnet.optim import clipping
from tests.parity.bugs.bug_rows import MLP, TENSORFLOW, TORCH, Bug
from tests.parity.bugs.layer_bugs import IDS


def rule(change):
    """An update by another rule: ``change(rule)``."""
    return lambda right: lambda chosen, *rest: right(change(chosen), *rest)


def replaced(**wrong):
    return rule(lambda chosen: chosen.replace(**wrong))


def written_as(wrong):
    """An update by another class of optimizer with the same hyperparameters."""
    return rule(lambda chosen: wrong(**chosen.fields()))


class EpsilonInTheRoot(optim.Adam):
    def update(self, p, g, slots, *, lr, correction_1, correction_2):
        m = self.beta_1 * slots["m"] + (1.0 - self.beta_1) * g
        v = self.beta_2 * slots["v"] + (1.0 - self.beta_2) * g * g
        root = ops.sqrt(v / correction_2 + self.epsilon**2)
        return p - lr * (m / correction_1) / root, {"m": m, "v": v}


class EpsilonBeforeCorrection(optim.Adam):
    """As in Keras."""

    def update(self, p, g, slots, *, lr, correction_1, correction_2):
        m = self.beta_1 * slots["m"] + (1.0 - self.beta_1) * g
        v = self.beta_2 * slots["v"] + (1.0 - self.beta_2) * g * g
        rate = lr * correction_2**0.5 / correction_1
        return p - rate * m / (ops.sqrt(v) + self.epsilon), {"m": m, "v": v}


class Uncorrected(optim.Adam):
    def coefficients(self, step, lr):
        return {"lr": lr, "correction_1": 1.0, "correction_2": 1.0}


class ForgetfulMaximum(optim.Adam):
    """AMSGrad that keeps the last second moment in place of the largest."""

    def update(self, p, g, slots, **coefficients):
        slots = slots | {"v_max": ops.zeros_like(slots["v_max"])}
        return super().update(p, g, slots, **coefficients)


class RateInsideMomentum(optim.SGD):
    """As in Keras: equal as long as the learning rate does not change, but for the slot."""

    def update(self, p, g, slots, *, lr):
        velocity = self.momentum * slots["v"] - lr * g
        return p + velocity, {"v": velocity}


class Dampened(optim.SGD):
    def update(self, p, g, slots, *, lr):
        return super().update(p, (1.0 - self.momentum) * g, slots, lr=lr)


class RootOfBoth(optim.RMSprop):
    """Epsilon inside the root, as in Keras."""

    def update(self, p, g, slots, *, lr):
        s = self.rho * slots["s"] + (1.0 - self.rho) * g * g
        return p - lr * g / ops.sqrt(s + self.epsilon), {"s": s}


class Uncentered(optim.RMSprop):
    """Keeps the mean gradient, and does not subtract it."""

    def update(self, p, g, slots, *, lr):
        new = {"s": self.rho * slots["s"] + (1.0 - self.rho) * g * g}
        new["a"] = self.rho * slots["a"] + (1.0 - self.rho) * g
        return p - lr * g / (ops.sqrt(new["s"]) + self.epsilon), new


def one_step_ahead(right):
    """A schedule that is asked for the learning rate of the next update."""

    def apply(rule, variables, gradients, slots, step, lr, finite):
        right(rule, variables, gradients, slots, step, rule.learning_rate(step), finite)

    return apply


def counted_from_two(right):
    def apply(rule, variables, gradients, slots, step, *rest):
        right(rule, variables, gradients, slots, step + 1, *rest)

    return apply


def rate_in_float32(right):
    def apply(rule, variables, gradients, slots, step, lr, finite):
        narrow = ops.astype(lr, "float32") if hasattr(lr, "dtype") else float(np.float32(lr))
        wide = ops.astype(narrow, "float64") if hasattr(lr, "dtype") else narrow
        right(rule, variables, gradients, slots, step, wide, finite)

    return apply


def without_the_last(right):
    """An update that leaves out the last variable."""

    def apply(rule, variables, gradients, slots, *rest):
        kept = {name: held[:-1] for name, held in slots.items()}
        right(rule, variables[:-1], gradients[:-1], kept, *rest)

    return apply


def only_rows_with_gradients(right):
    """Adam that leaves rows without gradient where they are, as PyTorch's SparseAdam."""

    def update(self, p, g, slots, **coefficients):
        new, moments = right(self, p, g, slots, **coefficients)
        return ops.where(g == 0, p, new), moments

    return update


def each_by_itself(right):
    """Clipping by each variable's own norm, where one of all was meant."""
    return lambda found, norm, limit: [
        right([g], clipping.global_norm([g]), limit)[0] for g in found
    ]


def softened(right):
    """PyTorch's own clipping: a millionth is added to the norm."""
    return lambda found, norm, limit: right(found, norm + 1e-6, limit)


ADAM = optim.Adam(1e-2, epsilon=1e-3)
MOMENTUM = optim.SGD(0.1, momentum=0.9)
APPLY = "optim.apply"


def update(make, optimizer, path="dense*", *, where=APPLY, net=MLP, **more):
    options = {"optimizer": optimizer} | more.pop("options", {})
    return Bug(where, make, net, "update", "", path, options=options, **more)


BUGS = {
    "Adam's epsilon inside the root": update(written_as(EpsilonInTheRoot), ADAM),
    "Adam's epsilon before the correction": update(
        written_as(EpsilonBeforeCorrection), ADAM, sides=TENSORFLOW
    ),
    "Adam without bias correction": update(written_as(Uncorrected), ADAM, sides=TORCH),
    "Adam's steps counted from two": update(counted_from_two, ADAM, sides=TORCH),
    "Adam's beta is rounded to float32": update(
        replaced(beta_1=float(np.float32(0.9))), ADAM, "m.dense*", sides=TENSORFLOW
    ),
    "AMSGrad forgets its maximum": update(
        written_as(ForgetfulMaximum),
        optim.Adam(1e-2, beta_2=0.5, amsgrad=True),
        "*dense*",
        step=1,
        sides=TORCH,
    ),
    "AdamW's decay is coupled": update(
        rule(lambda chosen: chosen.replace(weight_decay=0.0, l2=chosen.weight_decay)),
        optim.AdamW(1e-2, weight_decay=0.1),
        "*dense*",
    ),
    "decay is not spared for biases": update(
        replaced(weight_decay=0.1),
        optim.SGD(0.1, weight_decay=0.1, no_decay=("*.bias",)),
        "dense*.bias",
        step=1,
        sides=TENSORFLOW,
    ),
    "the L2 penalty is not halved": update(
        rule(lambda chosen: chosen.replace(l2=2 * chosen.l2)), optim.SGD(0.1, l2=0.01), sides=TORCH
    ),
    "Nesterov is dropped": update(
        replaced(nesterov=False), optim.SGD(0.1, momentum=0.9, nesterov=True), sides=TENSORFLOW
    ),
    "momentum is reversed": update(
        replaced(momentum=1 - 0.9), MOMENTUM, "*dense*", step=1, sides=TENSORFLOW
    ),
    "momentum is dampened": update(written_as(Dampened), MOMENTUM, "*dense*", sides=TORCH),
    "the learning rate is inside the momentum": update(
        written_as(RateInsideMomentum), MOMENTUM, "v.dense*"
    ),
    "RMSprop's epsilon inside the root": update(
        written_as(RootOfBoth), optim.RMSprop(1e-2, epsilon=1e-4), sides=TENSORFLOW
    ),
    "RMSprop is not centred": update(
        written_as(Uncentered), optim.RMSprop(1e-2, centered=True), sides=TORCH
    ),
    "clipping is per variable": update(
        each_by_itself, optim.SGD(0.1, global_clipnorm=0.1), where=(clipping, "scaled")
    ),
    "clipping adds a millionth to the norm": update(
        softened, optim.SGD(0.1, global_clipnorm=0.1), where=(clipping, "scaled"), sides=TORCH
    ),
    "a schedule is one step ahead": update(
        one_step_ahead, optim.SGD(optim.ExponentialDecay(0.1, 4, 0.5))
    ),
    "a schedule is computed in float32": update(
        rate_in_float32, optim.SGD(optim.CosineDecay(0.1, 10)), sides=TENSORFLOW
    ),
    "a schedule's drop comes one step early": update(
        one_step_ahead,
        optim.SGD(optim.PiecewiseConstant((5,), (0.1, 0.01))),
        step=4,
        options={"steps": 7, "proof_steps": 7, "epochs": 3},
    ),
    "the last variable is not updated": update(
        without_the_last, ADAM, "*dense_1.bias", sides=TORCH
    ),
    "rows without a gradient stand still": update(
        only_rows_with_gradients,
        optim.Adam(
            1e-2, amsgrad=True
        ),  # without, a kernel of TensorFlow's takes the place of the rule
        "embedding.embeddings",
        where=(optim.Adam, "update"),
        net=nn.Sequential(nn.Embedding(40, 3), nn.Flatten(), nn.Dense(3)),
        x=IDS * 5 + np.arange(5),
        step=1,
        sides=TENSORFLOW,
    ),
}
