"""Optimizers in NumPy: one parameter, replayed from its first gradient.

Beside the hyperparameters of :mod:`dualnet.optim`:

====================  =====================================================================
``placement``         of ε: ``"outside"`` the root, after the bias correction (the default);
                      ``"hat"``, before the correction, as in Keras; ``"inside"`` the root
``bias_correction``   whether Adam's moments are corrected
``rate_inside``       whether momentum's buffer holds the learning rate
``dampening``         part of the gradient that momentum's buffer leaves out, from step 2 on
``initial``           what Adagrad's accumulator begins with
``first``             the number of the first step
``rounded``           whether decay rates are float32 numbers: momentum, and those in Adam's
                      bias correction, as in Keras
``parts``             how many parameters, all with the same gradient, this one is the sum
                      of: 2 for two biases
====================  =====================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dualnet.parity.foreign.parting import UpdateStep
from dualnet.typing import NDArray

__all__ = ["RULES", "updated"]

Options = Mapping[str, Any]
Slots = dict[str, Any]
#: ``direction(options, gradient, slots, step, rate)``: what is taken off the parameter.
Rule = Callable[[Options, NDArray, Slots, int, float], NDArray]


def _constant(options: Options, name: str, default: float) -> float:
    value = float(options.get(name, default))
    return float(np.float32(value)) if options.get("rounded", False) else value


def _average(slots: Slots, name: str, decay: float, value: NDArray, start: float = 0.0) -> NDArray:
    slots[name] = decay * slots.get(name, start) + (1.0 - decay) * value
    return np.asarray(slots[name])


def _sgd(options: Options, g: NDArray, slots: Slots, step: int, lr: float) -> NDArray:
    momentum = _constant(options, "momentum", 0.0)
    if not momentum:
        return lr * g
    return _momentum(options, g, slots, lr, momentum)


def _momentum(options: Options, g: NDArray, slots: Slots, lr: float, mu: float) -> NDArray:
    """Polyak's, or Nesterov's; with the learning rate in the buffer as in Keras, or outside."""
    inside = options.get("rate_inside", False)
    taken = lr * g if inside else g
    part = 1.0 if "velocity" not in slots else 1.0 - options.get("dampening", 0.0)
    slots["velocity"] = mu * slots.get("velocity", 0.0) + part * taken
    move = taken + mu * slots["velocity"] if options.get("nesterov", False) else slots["velocity"]
    return np.asarray(move if inside else lr * move)


def _over_root(options: Options, m: NDArray, v: NDArray, epsilon: float) -> NDArray:
    if options.get("placement", "outside") == "inside":
        return m / np.sqrt(v + epsilon)
    return m / (np.sqrt(v) + epsilon)


def _adam(options: Options, g: NDArray, slots: Slots, step: int, lr: float) -> NDArray:
    beta_1, beta_2 = options.get("beta_1", 0.9), options.get("beta_2", 0.999)
    epsilon = options.get("epsilon", 1e-8)
    m = _average(slots, "m", beta_1, g)
    v = _average(slots, "v", beta_2, g * g)
    if options.get("amsgrad", False):
        slots["v_max"] = v = np.maximum(slots.get("v_max", 0.0), v)
    if not options.get("bias_correction", True):
        return lr * _over_root(options, m, v, epsilon)
    correction_1 = 1.0 - _constant(options, "beta_1", 0.9) ** step
    correction_2 = 1.0 - _constant(options, "beta_2", 0.999) ** step
    if options.get("placement") == "hat":
        return lr * np.sqrt(correction_2) / correction_1 * m / (np.sqrt(v) + epsilon)
    return lr * _over_root(options, m / correction_1, v / correction_2, epsilon)


def _rmsprop(options: Options, g: NDArray, slots: Slots, step: int, lr: float) -> NDArray:
    rho, epsilon = _constant(options, "rho", 0.99), options.get("epsilon", 1e-8)
    square = _average(slots, "s", rho, g * g, options.get("initial", 0.0))
    if options.get("centered", False):
        square = np.maximum(square - _average(slots, "a", rho, g) ** 2, 0.0)
    direction = _over_root(options, g, square, epsilon)
    momentum = _constant(options, "momentum", 0.0)
    return _momentum(options, direction, slots, lr, momentum) if momentum else lr * direction


def _adagrad(options: Options, g: NDArray, slots: Slots, step: int, lr: float) -> NDArray:
    initial = options.get("initial", options.get("initial_accumulator_value", 0.0))
    slots["s"] = slots.get("s", initial) + g * g
    return lr * _over_root(options, g, slots["s"], options.get("epsilon", 1e-10))


RULES: Mapping[str, Rule] = {
    "Adagrad": _adagrad,
    "Adam": _adam,
    "AdamW": _adam,
    "RMSprop": _rmsprop,
    "SGD": _sgd,
}


def updated(kind: str, options: Options, update: UpdateStep) -> NDArray:
    """The parameter after the step; slots are replayed from its history.

    Raises:
        KeyError: no rule for this kind is defined here.
    """
    rule, slots = RULES[kind], Slots()
    parts = options.get("parts", 1)
    steps = [*update.history, (update.parameter, update.gradient)]
    for place, (parameter, gradient) in enumerate(steps):
        number = place + options.get("first", 1)
        p = np.asarray(parameter, np.float64) / parts
        lr = _rate(options, number)
        g = _clipped(options, np.asarray(gradient, np.float64)) + options.get("l2", 0.0) * p
        decayed = p * (1.0 - lr * (options.get("weight_decay") or 0.0))
        new = decayed - rule(options, g, slots, number, lr)
    return np.asarray(parts * new)


def _rate(options: Options, step: int) -> float:
    """The learning rate of a step; a schedule is a function of the number of steps before."""
    rate = options.get("learning_rate", 0.01)
    return float(rate(step - 1) if callable(rate) else rate)


def _clipped(options: Options, g: NDArray) -> NDArray:
    if options.get("clipvalue"):
        return np.clip(g, -options["clipvalue"], options["clipvalue"])
    if options.get("clipnorm"):
        return g * (options["clipnorm"] / max(float(np.linalg.norm(g)), options["clipnorm"]))
    return g * options.get("gradient_scale", 1.0)
