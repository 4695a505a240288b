"""Three variables of one backend under one optimizer, and the gradients they are given."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from dualnet import optim, registry

BACKENDS = ("torch", "tensorflow")
STEPS = 100
SHAPES = [(3, 4), (4,), ()]
PATHS = ["encoder.kernel", "encoder.bias", "scale"]


def gradient_stream(seed: int = 1) -> list[list[np.ndarray | None]]:
    """A stream with zeros, tiny and large values, and a variable at times without a gradient."""
    rng = np.random.default_rng(seed)
    rows: list[list[np.ndarray | None]] = []
    for step in range(STEPS):
        scale = {2: 0.0, 3: 1e-10, 7: 1e3}.get(step % 10, 1.0)
        row = [np.asarray(scale * rng.standard_normal(shape)) for shape in SHAPES]
        rows.append([row[0], None if step % 7 == 5 else row[1], row[2]])
    return rows


def first_values(seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.standard_normal(shape)) for shape in SHAPES]


class Run:
    """Three variables of one backend under one rule."""

    def __init__(self, backend: str, rule: optim.Optimizer, dtype: str = "float64") -> None:
        self.backend = registry.load(backend)
        self.dtype = dtype
        make = self.backend.state.variable
        self.variables = {
            path: make(value, dtype=dtype)
            for path, value in zip(PATHS, first_values(), strict=True)
        }
        self.bound = rule.bind(self.variables)
        self.apply: Callable[[list], None] = self.bound.apply

    def compiled(self, apply: Callable[[list], None] | None = None) -> Run:
        """The same, its update inside a compiled function that refuses to fall back."""
        update = apply or self.bound.apply
        options = {"backend": "aot_eager", "fullgraph": True}
        torch.compiler.reset()
        chosen = options if self.backend.name == "torch" else {}
        self.apply = self.backend.jit.jit(lambda g: update(g), **chosen)
        return self

    def tensors(self, row: list[np.ndarray | None]) -> list:
        """Gradients in the order of the bound variables: by sorted path."""
        by_path = dict(zip(PATHS, row, strict=True))
        make = self.backend.state.from_numpy
        values = [by_path[path] for path in sorted(PATHS)]
        return [None if g is None else make(g, dtype=self.dtype) for g in values]

    def train(self, rows: list, halve: bool = False) -> Run:
        for step, row in enumerate(rows):
            if halve and step and step % 10 == 0:
                self.bound.learning_rate = self.bound.learning_rate / 2
            self.apply(self.tensors(row))
        return self

    def values(self) -> list[np.ndarray]:
        return [self.backend.state.to_numpy(self.variables[path]) for path in PATHS]


def quick(backend: str, rule: optim.Optimizer, dtype: str = "float64") -> Run:
    """A run as ``fit`` makes it: eager on PyTorch, a graph on TensorFlow."""
    run = Run(backend, rule, dtype)
    return run if backend == "torch" else run.compiled()


def assert_close(got: list, wanted: list, bound: float) -> None:
    for path, a, b in zip(PATHS, got, wanted, strict=True):
        scale = max(1.0, float(np.max(np.abs(b))))
        np.testing.assert_allclose(a, b, rtol=0, atol=bound * scale, err_msg=path)


def full(rows: list) -> list:
    return [
        [np.zeros(s) if g is None else g for g, s in zip(row, SHAPES, strict=True)] for row in rows
    ]
