"""Functions with derivatives known by hand, for the tape and the functional twins."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import special

import dualnet as dn
from dualnet import ops

POINTS = np.array([0.3, 1.7, -0.6, 2.2, 0.05])
POSITIVE = np.abs(POINTS)
SQUARE = np.array([[2.0, 0.3, -0.4], [0.3, 1.5, 0.2], [-0.4, 0.2, 1.1]])


class Elementwise(NamedTuple):
    """A function of one number, its derivative and the second one, in NumPy."""

    function: Callable
    first: Callable
    second: Callable
    points: np.ndarray = POINTS


ELEMENTWISE = {
    "sin": Elementwise(ops.sin, np.cos, lambda x: -np.sin(x)),
    "cos": Elementwise(ops.cos, lambda x: -np.sin(x), lambda x: -np.cos(x)),
    "exp": Elementwise(ops.exp, np.exp, np.exp),
    "log": Elementwise(ops.log, lambda x: 1 / x, lambda x: -1 / x**2, POSITIVE),
    "sqrt": Elementwise(ops.sqrt, lambda x: 0.5 * x**-0.5, lambda x: -0.25 * x**-1.5, POSITIVE),
    "tanh": Elementwise(
        ops.tanh,
        lambda x: 1 - np.tanh(x) ** 2,
        lambda x: -2 * np.tanh(x) * (1 - np.tanh(x) ** 2),
    ),
    "cube": Elementwise(lambda x: x**3, lambda x: 3 * x**2, lambda x: 6 * x),
    "reciprocal": Elementwise(lambda x: 1.0 / x, lambda x: -1 / x**2, lambda x: 2 / x**3),
    "square": Elementwise(ops.square, lambda x: 2 * x, lambda x: np.full_like(x, 2.0)),
    "gauss": Elementwise(
        lambda x: ops.exp(-x * x),
        lambda x: -2 * x * np.exp(-x * x),
        lambda x: (4 * x * x - 2) * np.exp(-x * x),
    ),
    "sigmoid": Elementwise(
        ops.nn.sigmoid,
        lambda x: special.expit(x) * special.expit(-x),
        lambda x: special.expit(x) * special.expit(-x) * (1 - 2 * special.expit(x)),
    ),
    "softplus": Elementwise(
        ops.nn.softplus, special.expit, lambda x: special.expit(x) * special.expit(-x)
    ),
    "expm1": Elementwise(ops.expm1, np.exp, np.exp),
    "log1p": Elementwise(ops.log1p, lambda x: 1 / (1 + x), lambda x: -1 / (1 + x) ** 2, POSITIVE),
}


class Scalar(NamedTuple):
    """A scalar function of an array, with its gradient and Hessian in NumPy."""

    function: Callable
    gradient: Callable
    hessian: Callable
    point: np.ndarray


def _rosenbrock(x):
    return ops.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def _rosenbrock_hessian(x):
    from scipy.optimize import rosen_hess

    return rosen_hess(x)


def _rosenbrock_gradient(x):
    from scipy.optimize import rosen_der

    return rosen_der(x)


def _quadratic(x):
    matrix = ops.asarray(SQUARE)
    return 0.5 * ops.sum(x * ops.matmul(matrix, x))


def _softmax(x):
    shifted = np.exp(x - x.max())
    return shifted / shifted.sum()


SCALAR = {
    "rosenbrock": Scalar(
        _rosenbrock, _rosenbrock_gradient, _rosenbrock_hessian, np.array([0.4, -0.3, 1.2])
    ),
    "quadratic": Scalar(
        _quadratic, lambda x: SQUARE @ x, lambda x: SQUARE, np.array([1.0, -2.0, 0.5])
    ),
    "logsumexp": Scalar(
        ops.logsumexp,
        _softmax,
        lambda x: np.diag(_softmax(x)) - np.outer(_softmax(x), _softmax(x)),
        np.array([0.1, 2.0, -1.0, 0.7]),
    ),
    "product": Scalar(
        lambda x: x[0] * x[1] * x[2],
        lambda x: np.array([x[1] * x[2], x[0] * x[2], x[0] * x[1]]),
        lambda x: np.array([[0, x[2], x[1]], [x[2], 0, x[0]], [x[1], x[0], 0]]),
        np.array([2.0, -3.0, 0.5]),
    ),
    "gather": Scalar(  # an index that comes twice adds up
        lambda x: ops.sum(ops.take(x, ops.asarray([2, 0, 2])) ** 2),
        lambda x: np.array([2 * x[0], 0.0, 4 * x[2]]),
        lambda x: np.diag([2.0, 0.0, 4.0]),
        np.array([1.5, -1.0, 0.25]),
    ),
}


def tensor(value, dtype="float64"):
    """A tensor on the current backend."""
    return ops.asarray(np.asarray(value), dtype=dtype)


def number(value):
    """A tensor of one number as a Python float, off any gradient."""
    return float(dn.to_numpy(value))


def close(actual, wanted, tolerance):
    """Whether a tensor equals an array, with an error of ``tolerance`` of the largest entry."""
    actual, wanted = dn.to_numpy(actual), np.asarray(wanted)
    assert actual.shape == wanted.shape, (actual.shape, wanted.shape)
    scale = max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
    assert np.max(np.abs(actual - wanted), initial=0.0) <= tolerance * scale, (actual, wanted)


def central_difference(function, x, step=1e-5):
    """``∂function/∂x`` of a NumPy array by differences, with an error of about 1e-9."""
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        offset = np.zeros_like(x)
        offset[index] = step
        gradient[index] = (function(x + offset) - function(x - offset)) / (2 * step)
    return gradient


#: Rounding of a few float64 operations on numbers near 1.
EXACT = 1e-12
