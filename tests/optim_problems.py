"""Three small problems: first values, and the gradient at any values, in NumPy."""

from __future__ import annotations

import numpy as np

_rng = np.random.default_rng(7)
_INPUTS = _rng.standard_normal((16, 4))
_TARGETS = _rng.standard_normal((16, 3))
_LABELS = (_rng.random(16) < 0.5).astype(float)

#: Least squares (its weights three-dimensional, as a kernel is), a network of one hidden layer
#: with cross entropy, and Rosenbrock's valley.
START: dict[str, np.ndarray] = {
    "linear.kernel": _rng.standard_normal((2, 2, 3)),
    "linear.bias": _rng.standard_normal(3),
    "network.hidden": _rng.standard_normal((4, 5)),
    "network.output": _rng.standard_normal(5),
    "network.offset": np.asarray(0.3),
    "valley": np.array([-1.2, 1.0, 0.5]),
}


def gradients(at: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The gradients of the three losses; no problem knows of another's variables."""
    return {**_linear(at), **_network(at), **_valley(at)}


def _linear(at: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    kernel = at["linear.kernel"]
    residual = (_INPUTS @ kernel.reshape(4, 3) + at["linear.bias"] - _TARGETS) / 16
    return {
        "linear.kernel": (_INPUTS.T @ residual).reshape(kernel.shape),
        "linear.bias": residual.sum(0),
    }


def _network(at: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    hidden = np.tanh(_INPUTS @ at["network.hidden"])
    logits = hidden @ at["network.output"] + at["network.offset"]
    error = (1 / (1 + np.exp(-logits)) - _LABELS) / 16
    back = np.outer(error, at["network.output"]) * (1 - hidden**2)
    return {
        "network.hidden": _INPUTS.T @ back,
        "network.output": hidden.T @ error,
        "network.offset": np.asarray(error.sum()),
    }


def _valley(at: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    x = at["valley"]
    g = np.zeros(3)
    for i in range(2):
        slope = x[i + 1] - x[i] ** 2
        g[i] += -2 * (1 - x[i]) - 20 * slope * x[i]
        g[i + 1] += 10 * slope
    return {"valley": g}
