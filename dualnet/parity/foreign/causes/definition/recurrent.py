"""Recurrent layers in NumPy, step by step, in one direction or both.

Beside the options of :class:`~dualnet.parity.foreign.facts.Facts`:

==========================  =============================================================
``activation``,             the functions of the candidate and of the gates; ``tanh`` and
``recurrent_activation``    ``sigmoid`` if not given
``forget_bias``             added to the forget gate of an LSTM
``realigned``               whether the outputs of a backward direction are put back into
                            the order of time before they join the forward ones
``back_first``              whether the backward direction's features come first
==========================  =============================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dualnet.parity.foreign.causes.definition.activations import activated
from dualnet.parity.foreign.facts import Facts
from dualnet.typing import NDArray

__all__ = ["recurrent"]

States = tuple[NDArray, ...]
Step = Callable[[Mapping[str, NDArray], Mapping[str, Any], NDArray, States], States]


def _gate(x: NDArray, options: Mapping[str, Any]) -> NDArray:
    return activated(x, {"activation": options.get("recurrent_activation", "sigmoid")})


def _inner(x: NDArray, options: Mapping[str, Any]) -> NDArray:
    return activated(x, {"activation": options.get("activation", "tanh")})


def _rnn(
    w: Mapping[str, NDArray], options: Mapping[str, Any], x: NDArray, states: States
) -> States:
    total = x @ w["kernel"] + states[0] @ w["recurrent_kernel"] + w.get("bias", 0.0)
    return (_inner(total, options),)


def _lstm(
    w: Mapping[str, NDArray], options: Mapping[str, Any], x: NDArray, states: States
) -> States:
    h, c = states
    total = x @ w["kernel"] + h @ w["recurrent_kernel"] + w.get("bias", 0.0)
    i, f, g, o = np.split(total, 4, axis=-1)
    f = f + options.get("forget_bias", 0.0)
    c = _gate(f, options) * c + _gate(i, options) * _inner(g, options)
    return _gate(o, options) * _inner(c, options), c


def _gru(
    w: Mapping[str, NDArray], options: Mapping[str, Any], x: NDArray, states: States
) -> States:
    (h,) = states
    bias, recurrent_bias = _gru_biases(w)
    xr, xz, xn = np.split(x @ w["kernel"] + bias, 3, axis=-1)
    ur, uz, un = np.split(w["recurrent_kernel"], 3, axis=-1)
    br, bz, bn = np.split(recurrent_bias, 3, axis=-1)
    r, z = _gate(xr + h @ ur + br, options), _gate(xz + h @ uz + bz, options)
    hn = r * (h @ un + bn) if options.get("reset_after", True) else (r * h) @ un + bn
    n = _inner(xn + hn, options)
    if options.get("update_keeps_new", False):
        z = 1.0 - z
    return ((1.0 - z) * n + z * h,)


def _gru_biases(w: Mapping[str, NDArray]) -> tuple[NDArray, NDArray]:
    width = w["kernel"].shape[-1]
    bias = w.get("bias", np.zeros(width))
    if bias.ndim == 2:
        return bias[0], bias[1]
    return bias, w.get("recurrent_bias", np.zeros(width))


#: The step of each kind, and how many states it has.
STEPS: Mapping[str, tuple[Step, int]] = {
    "SimpleRNN": (_rnn, 1),
    "LSTM": (_lstm, 2),
    "GRU": (_gru, 1),
}


def recurrent(facts: Facts, x: NDArray) -> NDArray:
    """``(batch, time, features)``, or the last step of it."""
    options, sequences = facts.options, bool(facts.options.get("return_sequences", False))
    back = _weights(facts, "_back")
    if not back:
        outputs = _scan(facts, _weights(facts, ""), x[:, ::-1] if _backwards(facts) else x)
        return outputs if sequences else outputs[:, -1]
    there, here = _scan(facts, _weights(facts, ""), x), _scan(facts, back, x[:, ::-1])
    if not sequences:
        there, here = there[:, -1], here[:, -1]
    elif options.get("realigned", True):
        here = here[:, ::-1]
    return np.concatenate((here, there) if options.get("back_first") else (there, here), axis=-1)


def _backwards(facts: Facts) -> bool:
    return bool(facts.options.get("go_backwards", False))


def _weights(facts: Facts, suffix: str) -> dict[str, NDArray]:
    """The weights of one direction, without the suffix."""
    names = ("kernel", "recurrent_kernel", "bias", "recurrent_bias")
    return {name: facts.weights[name + suffix] for name in names if name + suffix in facts.weights}


def _scan(facts: Facts, weights: Mapping[str, NDArray], x: NDArray) -> NDArray:
    step, count = STEPS[facts.kind]
    units = weights["recurrent_kernel"].shape[0]
    states: States = (np.zeros((x.shape[0], units)),) * count
    outputs = []
    for t in range(x.shape[1]):
        states = step(weights, facts.options, x[:, t], states)
        outputs.append(states[0])
    return np.stack(outputs, axis=1)
