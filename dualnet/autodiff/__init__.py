"""Gradients: the tape, and functions made of functions."""

from __future__ import annotations

from dualnet.autodiff.custom import custom_gradient, stop_gradient
from dualnet.autodiff.forward import jvp
from dualnet.autodiff.mapped import vmap
from dualnet.autodiff.reverse import grad, hessian, jacobian, value_and_grad, vjp
from dualnet.autodiff.tape import GradientTape

__all__ = [
    "GradientTape",
    "custom_gradient",
    "grad",
    "hessian",
    "jacobian",
    "jvp",
    "stop_gradient",
    "value_and_grad",
    "vjp",
    "vmap",
]
