"""Update rules by others: ``torch.optim``, and NumPy after the papers.

A reference is a generator for one variable: made with its first value, it is sent
``(gradient, learning rate)`` and yields the next value.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import Any

import numpy as np
import torch

Values = Generator[np.ndarray, tuple[np.ndarray, float], None]
Reference = Callable[[np.ndarray], Values]


def torch_optim(kind: type[torch.optim.Optimizer], **options: Any) -> Reference:
    """One of PyTorch's own."""
    return partial(_torch_optim, kind, options)


def _torch_optim(kind: Any, options: dict[str, Any], p: np.ndarray) -> Values:
    parameter = torch.nn.Parameter(torch.tensor(p))
    optimizer = kind([parameter], **options)
    while True:
        g, lr = yield parameter.detach().numpy().copy()
        optimizer.param_groups[0]["lr"] = lr
        parameter.grad = torch.tensor(g)
        with _float64_scalars():
            optimizer.step()


class _float64_scalars:  # noqa: N801 - it reads as the block it opens
    """NAdam keeps a product of scalars in PyTorch's default dtype."""

    def __enter__(self) -> None:
        self.before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)

    def __exit__(self, *_: object) -> None:
        torch.set_default_dtype(self.before)


def lion(p: np.ndarray, beta_1: float, beta_2: float, decay: float) -> Values:
    """Chen et al. 2023, program 1."""
    m = np.zeros_like(p)
    while True:
        g, lr = yield p
        update = np.sign(beta_1 * m + (1 - beta_1) * g)
        m = beta_2 * m + (1 - beta_2) * g
        p = p - lr * (update + decay * p)


def lamb(p: np.ndarray, decay: float) -> Values:
    """You et al. 2020, algorithm 2."""
    m, v, t = np.zeros_like(p), np.zeros_like(p), 0
    while True:
        g, lr = yield p
        t += 1
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        r = (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-6)
        direction = r + decay * p
        trust = np.linalg.norm(p.ravel()) / np.linalg.norm(direction.ravel())
        p = p - lr * trust * direction


def ftrl(p: np.ndarray, beta: float, l1: float, l2: float, start: float) -> Values:
    """McMahan et al. 2013, algorithm 1, coordinate by coordinate."""
    w, z, n = p.ravel().copy(), np.zeros(p.size), np.full(p.size, start)
    while True:
        g, lr = yield w.reshape(p.shape)
        w = w.copy()
        for i, gradient in enumerate(g.ravel()):
            sigma = (np.sqrt(n[i] + gradient**2) - np.sqrt(n[i])) / lr
            z[i] += gradient - sigma * w[i]
            n[i] += gradient**2
            far = abs(z[i]) > l1
            curvature = (beta + np.sqrt(n[i])) / lr + l2
            w[i] = -(z[i] - np.sign(z[i]) * l1) / curvature if far else 0.0


def muon(p: np.ndarray, nesterov: bool, match_rms: bool, decay: float) -> Values:
    """Jordan et al. 2024 for matrices, AdamW for the rest."""
    m, v, t = np.zeros_like(p), np.zeros_like(p), 0
    while True:
        g, lr = yield p
        t += 1
        p = p - lr * decay * p
        m = 0.95 * m + 0.05 * g
        if p.ndim < 2:
            v = 0.999 * v + 0.001 * g**2
            p = p - lr * (m / (1 - 0.95**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
            continue
        # As the authors keep it: one row for each output.
        x = (0.05 * g + 0.95 * m if nesterov else m).reshape(-1, p.shape[-1]).T
        rows, columns = x.shape
        x = x / max(np.linalg.norm(x), 1e-7)
        for _ in range(5):
            # The polynomial of the singular values, written on the smaller side.
            a = x @ x.T if rows <= columns else x.T @ x
            poly = -4.7750 * a + 2.0315 * a @ a
            x = 3.4445 * x + (poly @ x if rows <= columns else x @ poly)
        scale = 0.2 * max(rows, columns) ** 0.5 if match_rms else max(1, rows / columns) ** 0.5
        p = p - lr * scale * x.T.reshape(p.shape)


def schedule_free_adamw(p: np.ndarray, decay: float) -> Values:
    """Defazio et al. 2024, algorithm 1, with its three sequences."""
    x, y, z = p, p, p
    v, t, total = np.zeros_like(p), 0, 0.0
    while True:
        g, lr = yield y
        t += 1
        v = 0.999 * v + 0.001 * g**2
        z = z - lr * g / (np.sqrt(v / (1 - 0.999**t)) + 1e-8) - lr * decay * y
        total += lr**2
        x = (1 - lr**2 / total) * x + lr**2 / total * z
        y = 0.1 * z + 0.9 * x
