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


#: The variables of each problem.
PROBLEMS = {
    "linear": ("linear.kernel", "linear.bias"),
    "network": ("network.hidden", "network.output", "network.offset"),
    "valley": ("valley",),
}


#: Of each problem's own minimum, for those that search it: labels that can be told apart have
#: none but at infinity.
PENALTY = 0.01


def descent(problem: str, at: dict[str, np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Loss and gradients of one problem with a penalty."""
    found = {"linear": _linear, "network": _network, "valley": _valley}[problem](at)
    penalty = PENALTY / 2 * sum(np.sum(value**2) for value in at.values())
    return np.asarray(_loss(problem, at) + penalty), {
        p: g + PENALTY * at[p] for p, g in found.items()
    }


def _loss(problem: str, at: dict[str, np.ndarray]) -> float:
    if problem == "linear":
        residual = _INPUTS @ at["linear.kernel"].reshape(4, 3) + at["linear.bias"] - _TARGETS
        return float(np.sum(residual**2) / 32)
    if problem == "network":
        logits = np.tanh(_INPUTS @ at["network.hidden"]) @ at["network.output"]
        logits = logits + at["network.offset"]
        return float(np.mean(np.logaddexp(0, logits) - _LABELS * logits))
    x = at["valley"]
    return float(np.sum((1 - x[:-1]) ** 2) + 5 * np.sum((x[1:] - x[:-1] ** 2) ** 2))
