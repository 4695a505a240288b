"""Recurrent layers in NumPy, step by step, in several layers and both directions.

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
    options = facts.options
    depth = sum(name.startswith("kernel") and not name.endswith("_back") for name in facts.weights)
    sequence = x
    for layer in range(depth):
        sequence, last = _layer(facts, sequence, layer)
    return sequence if options.get("return_sequences", False) else last


def _layer(facts: Facts, x: NDArray, layer: int) -> tuple[NDArray, NDArray]:
    """All outputs of one layer, and the last of each direction."""
    options = facts.options
    forward = _weights(facts, f"_l{layer}") or _weights(facts, "")
    back = _weights(facts, f"_l{layer}_back")
    if not back:
        backwards = bool(options.get("go_backwards", False))
        outputs = _scan(facts, forward, x[:, ::-1] if backwards else x)
        return outputs, outputs[:, -1]
    there, here = _scan(facts, forward, x), _scan(facts, back, x[:, ::-1])
    again = here[:, ::-1] if options.get("realigned", True) else here
    order = -1 if options.get("back_first", False) else 1
    outputs = np.concatenate((there, again)[::order], axis=-1)
    return outputs, np.concatenate((there[:, -1], here[:, -1])[::order], axis=-1)


def _weights(facts: Facts, suffix: str) -> dict[str, NDArray]:
    """The weights of one direction of one layer, without the suffix."""
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
