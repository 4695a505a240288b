"""Gradients: minimise a function, then fit a line, both by hand.

DUALNET_BACKEND=torch python examples/gradients.py
"""

import numpy as np

import dualnet as dn
from dualnet import ops


def minimise() -> None:
    """Walks down f(w) = (w - 3)² + 1, one tape per step."""
    w = dn.Variable(0.0)
    for step in range(25):
        with dn.GradientTape() as tape:
            value = (w - 3.0) ** 2 + 1.0
        slope = tape.gradient(value, w)
        w.assign_sub(0.2 * slope)
        if step % 6 == 0:
            print(f"step {step:2d}  f(w) = {float(dn.to_numpy(value)):.5f}")
    print(f"the minimum is at w = {float(dn.to_numpy(w)):.4f}\n")


def higher_orders() -> None:
    """Derivatives of derivatives: sin, cos, -sin, -cos at 1."""
    function = ops.sin
    for order in range(4):
        print(
            f"derivative {order} of sin at 1: {float(dn.to_numpy(function(ops.asarray(1.0)))):+.5f}"
        )
        function = dn.grad(function)
    print()


def line() -> None:
    """Fits y = a·x + b to noisy points by gradient descent on the mean squared error."""
    stream = dn.random.Stream(seed=0, purpose="example")
    x = np.linspace(-1.0, 1.0, 50).astype("float32")
    y = (2.0 * x - 0.5 + 0.1 * stream.normal(50)).astype("float32")
    x, y = ops.asarray(x), ops.asarray(y)
    a, b = dn.Variable(0.0), dn.Variable(0.0)
    for _ in range(200):
        with dn.GradientTape() as tape:
            loss = ops.mean((a * x + b - y) ** 2)
        slope_a, slope_b = tape.gradient(loss, [a, b])
        a.assign_sub(0.1 * slope_a)
        b.assign_sub(0.1 * slope_b)
    print(f"fitted y = {float(dn.to_numpy(a)):.3f} x + {float(dn.to_numpy(b)):+.3f}", end="")
    print(f"   (made with 2 x - 0.5; loss {float(dn.to_numpy(loss)):.5f})")


if __name__ == "__main__":
    minimise()
    higher_orders()
    line()
