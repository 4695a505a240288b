"""Applying update rules on TensorFlow; the twin is ``dualnet_torch/optim.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from dualnet.optim.adam import Adam, AdamW
from dualnet.optim.base import EMA, Optimizer
from dualnet.optim.sgd import SGD
from dualnet.typing import DtypeName, NDArray
from dualnet_tf import state

#: Of every variable, without gaps.
Slots = Mapping[str, list[Any]]


def counter(value: int, /) -> tf.Variable:
    with tf.device("CPU:0"):
        return tf.Variable(value, trainable=False, dtype=tf.int64)


def scalar(value: float, /) -> tf.Variable:
    with tf.device("CPU:0"):
        return tf.Variable(value, trainable=False, dtype=tf.float64)


def beside(variable: tf.Variable, value: NDArray, /, *, dtype: DtypeName) -> tf.Variable:
    return state.variable(value, dtype=dtype, device=variable.device, trainable=False)


def count(counter: tf.Variable, /) -> None:
    counter.assign_add(1, read_value=False)


def read(scalar: tf.Tensor, /) -> Any:
    if tf.executing_eagerly():
        return scalar.numpy().item()
    return scalar if scalar.dtype == tf.bool else tf.cast(scalar, tf.float64)


def apply(
    rule: Optimizer,
    variables: list[tf.Variable],
    gradients: list[tf.Tensor],
    slots: Mapping[str, list[tf.Variable | None]],
    step: Any,
    lr: Any,
    finite: tf.Tensor | None,
    /,
) -> None:
    if finite is None and type(rule) in FUSED and _alike(rule, variables, gradients):
        FUSED[type(rule)](rule, variables, gradients, slots, step, lr)
        _fused_average(rule, variables, slots)
        return
    coefficients = rule.step_coefficients(step, lr)
    for place, (variable, g) in enumerate(zip(variables, gradients, strict=True)):
        held = {name: t for name, of in slots.items() for t in [of[place]] if t is not None}
        scalars = {name: _narrowed(value, g.dtype) for name, value in coefficients.items()}
        value, new = rule.advance(tf.cast(variable, g.dtype), g, held, finite, **scalars)
        variable.assign(tf.cast(value, variable.dtype))
        for name, slot in held.items():
            slot.assign(new[name])


def _narrowed(value: Any, dtype: tf.DType) -> Any:
    """A coefficient as a tensor of this dtype; a Python number is weak already."""
    return tf.cast(value, dtype) if tf.is_tensor(value) else value


# One kernel for each variable where TensorFlow has it: it passes over memory once, where the
# loop above does a dozen times.


def _alike(rule: Optimizer, variables: list[tf.Variable], gradients: list[tf.Tensor]) -> bool:
    """Whether the kernels below take these tensors and hyperparameters: of one wide dtype."""
    kinds = {tensor.dtype for tensor in (*variables, *gradients)}
    if len(kinds) != 1 or not kinds <= {tf.float32, tf.float64}:
        return False
    if not isinstance(rule, Adam):
        return True
    (dtype,) = kinds
    return not rule.amsgrad and all(_Decay.of(b, dtype).part for b in (rule.beta_1, rule.beta_2))


class _Decay(NamedTuple):
    """How the kernel of Adam, ``s ← s + (x - s)·part``, does ``s ← β·s + (1 - β)·x``.

    It takes ``1 - β`` in the variable's dtype: in float32 ``1 - 0.999`` is wrong by 1.3e-5.
    ``after·(kernel of before·s)`` is exact to rounding, where ``part/(1 - part)`` is wrong by
    as much as ``before`` makes good.  Both are 1 where ``1 - β`` is as good as rounded.
    """

    part: float
    before: float = 1.0
    after: float = 1.0

    @classmethod
    def of(cls, beta: float, dtype: tf.DType) -> _Decay:
        number = dtype.as_numpy_dtype
        part, wanted = float(number(1.0) - number(beta)), 1.0 - beta
        if not part or abs(part - wanted) <= 2.0**-21 * wanted:
            return cls(part)
        return cls(part, beta * part / (wanted * (1.0 - part)), wanted / part)


def _fused_adam(
    rule: Adam,
    variables: list[tf.Variable],
    gradients: list[tf.Tensor],
    slots: Slots,
    step: Any,
    lr: Any,
) -> None:
    dtype = gradients[0].dtype
    gradients = _prepared(rule, variables, gradients, lr)
    scalars = rule.coefficients(step, lr)
    first, second = _Decay.of(rule.beta_1, dtype), _Decay.of(rule.beta_2, dtype)
    # lr · (m/c₁) / (√(v/c₂) + ε), where the kernel holds m/first.after and v/second.after.
    root = (scalars["correction_2"] / second.after) ** 0.5
    options = {
        "beta1_power": _scalar(0.0, dtype),
        "beta2_power": _scalar(0.0, dtype),
        "lr": _scalar(lr * root * first.after / scalars["correction_1"], dtype),
        "beta1": _scalar(1.0 - first.part, dtype),
        "beta2": _scalar(1.0 - second.part, dtype),
        "epsilon": _scalar(rule.epsilon * root, dtype),
    }
    held = zip(variables, slots["m"], slots["v"], gradients, strict=True)
    for variable, m, v, g in held:
        _scale(m, first.before)
        _scale(v, second.before)
        tf.raw_ops.ResourceApplyAdam(var=variable.handle, m=m.handle, v=v.handle, grad=g, **options)
        _scale(m, first.after)
        _scale(v, second.after)


def _scale(variable: tf.Variable, factor: float) -> None:
    if factor != 1.0:
        variable.assign(variable * factor, read_value=False)


def _fused_sgd(
    rule: SGD,
    variables: list[tf.Variable],
    gradients: list[tf.Tensor],
    slots: Slots,
    step: Any,
    lr: Any,
) -> None:
    dtype = gradients[0].dtype
    gradients = _prepared(rule, variables, gradients, lr)
    rate, momentum = _scalar(lr, dtype), _scalar(rule.momentum, dtype)
    for place, (variable, g) in enumerate(zip(variables, gradients, strict=True)):
        if not rule.momentum:
            tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=rate, delta=g)
            continue
        tf.raw_ops.ResourceApplyMomentum(
            var=variable.handle,
            accum=slots["v"][place].handle,
            lr=rate,
            grad=g,
            momentum=momentum,
            use_nesterov=rule.nesterov,
        )


def _fused_average(rule: Optimizer, variables: list[tf.Variable], slots: Slots) -> None:
    if rule.ema is not None:
        for variable, average in zip(variables, slots[EMA], strict=True):
            average.assign_add((1.0 - rule.ema) * (variable - average), read_value=False)


def _prepared(
    rule: Optimizer, variables: list[tf.Variable], gradients: list[tf.Tensor], lr: Any
) -> list[tf.Tensor]:
    """The gradients with ``l2``, and the variables decayed in place, as in ``rule.advance``."""
    pairs = list(zip(variables, gradients, strict=True))
    if rule.l2:
        gradients = [g + rule.l2 * p for p, g in pairs]
    if rule.weight_decay:
        decay = _scalar(1.0 - lr * rule.weight_decay, variables[0].dtype)
        for p in variables:
            p.assign(p * decay, read_value=False)
    return gradients


def _scalar(value: Any, dtype: tf.DType) -> tf.Tensor:
    """A coefficient in float64, rounded once."""
    return tf.cast(value, dtype) if tf.is_tensor(value) else tf.constant(value, dtype)


#: By exact type: a subclass may have another formula.
FUSED: dict[type[Optimizer], Callable[..., None]] = {
    Adam: _fused_adam,
    AdamW: _fused_adam,
    SGD: _fused_sgd,
}
