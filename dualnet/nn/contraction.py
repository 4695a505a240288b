"""A dense layer over any axes, described by an Einstein sum."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dualnet import ops
from dualnet.errors import ConfigError, ShapeError
from dualnet.nn import _check, activations
from dualnet.nn.activity import WithActivity
from dualnet.nn.roles import WithBias, WithKernel
from dualnet.typing import Shape, Tensor

if TYPE_CHECKING:
    from dualnet.initializers import Initializer

__all__ = ["EinsumDense"]

PATTERN = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


class EinsumDense(WithKernel, WithBias, WithActivity):
    """``activation(einsum(equation, x, kernel) + bias)``.

    ``"abc,cd->abd"`` is :class:`~dualnet.nn.Dense` on ``(batch, time, features)``;
    ``"...x,xy->...y"`` is it on any input.

    >>> from dualnet import nn
    >>> nn.EinsumDense("abc,cde->abde", (None, 8, 16), bias_axes="de")
    EinsumDense(equation='abc,cde->abde', output_shape=(None, 8, 16), bias_axes='de')

    Args:
        equation: ``"input,kernel->output"``, a letter for each axis; the first one of the input
            is the batch.  ``...`` stands for more axes, before the letters or after them, of
            input and output alike.
        output_shape: sizes of the output without the batch and without ``...``; None for axes
            that the input has.
        activation: as for :class:`~dualnet.nn.Dense`.
        bias_axes: the letters of the output's axes along which there is a bias; None for no
            bias.
        kernel_initializer, bias_initializer, and what is given by keyword: as for
            :class:`~dualnet.nn.Dense`.

    Raises:
        ConfigError: the equation is none, or its letters do not fit together.
        ShapeError: an input that does not fit it.
    """

    equation: str
    output_shape: int | tuple[int | None, ...]
    activation: activations.Activation = None
    bias_axes: str | None = None
    kernel_initializer: str | Initializer = "glorot_uniform"
    bias_initializer: str | Initializer = "zeros"

    def check(self) -> None:
        _check.activation(self)
        _check.weights(self)
        terms = _terms(self.equation)
        unknown = set(self.bias_axes or "") - set(terms.output)
        if unknown:
            raise ConfigError(
                f"EinsumDense: bias_axes={self.bias_axes!r} has {', '.join(sorted(unknown))}, "
                f"which the output {terms.output!r} has not"
            )

    def build(self, input_shape: Shape) -> None:
        terms = _terms(self.equation)
        rest = len(input_shape) - len(terms.input)
        if rest < 0 or (rest and not (terms.left or terms.right)):
            raise ShapeError(f"{self._definition!r} does not fit an input of shape {input_shape}")
        sizes = self._sizes(terms, input_shape, rest)
        self.add_in_role("kernel", tuple(sizes[letter] for letter in terms.kernel))
        if self.bias_axes:
            first = min(map(terms.output.index, self.bias_axes))
            kept = [sizes[c] if c in self.bias_axes else 1 for c in terms.output[first:]]
            self.add_in_role("bias", (*kept, *[1] * (rest if terms.right else 0)))

    def _sizes(self, terms: Terms, input_shape: Shape, rest: int) -> dict[str, int]:
        """The size of each letter's axis; the batch's is left out."""
        named = input_shape[rest:] if terms.left else input_shape[: len(terms.input)]
        sizes = dict(zip(terms.input, named, strict=True))
        output = terms.output
        if not (terms.left and rest):
            if terms.input[0] != output[0]:
                raise ShapeError(f"{self._definition!r}: the first axis is the batch on both sides")
            sizes.pop(terms.input[0])
            output = output[1:]
        given = self.output_shape if isinstance(self.output_shape, tuple) else (self.output_shape,)
        if len(given) != len(output):
            raise ShapeError(f"{self._definition!r}: output_shape needs {len(output)} sizes")
        for letter, size in zip(output, given, strict=True):
            if size is not None and sizes.setdefault(letter, size) != size:
                raise ShapeError(
                    f"{self._definition!r}: axis {letter!r} is {size} in output_shape and "
                    f"{sizes[letter]} in an input of shape {input_shape}"
                )
        missing = {*terms.kernel, *(self.bias_axes or "")} - set(sizes)
        if missing:
            raise ShapeError(
                f"{self._definition!r}: the size of axis {', '.join(sorted(missing))} is not "
                "known; name it in output_shape (the batch is no axis of a weight)"
            )
        return sizes

    def forward(self, x: Tensor) -> Tensor:
        y = ops.einsum(self.equation, x, self.kernel)
        if self.bias_axes:
            y = y + self.bias
        return self.penalized(activations.get(self.activation)(y))


class Terms(NamedTuple):
    """The letters of an equation, and where it has an ellipsis."""

    input: str
    kernel: str
    output: str
    left: bool
    right: bool


def _terms(equation: str) -> Terms:
    """The parts of an equation.

    Raises:
        ConfigError: it is none, or an axis of the kernel or the output comes from nowhere.
    """
    found = PATTERN.fullmatch(equation.replace(" ", ""))
    if found is None:
        raise ConfigError(
            f"EinsumDense: {equation!r} is no equation such as 'abc,cd->abd', "
            "'...x,xy->...y' or 'ab...,bc->ac...'"
        )
    before, one, after, kernel, left, output, right = found.groups()
    if (before, after) != (left, right) or (before and after):
        raise ConfigError(f"EinsumDense: {equation!r} needs '...' at one place of both sides")
    lost = (set(output) - {*one, *kernel}) | (set(kernel) - {*one, *output})
    if lost:
        raise ConfigError(
            f"EinsumDense: {', '.join(sorted(lost))} stands once in {equation!r}; an axis of "
            "the output comes from input or kernel, one of the kernel from input or output"
        )
    return Terms(one, kernel, output, bool(left), bool(right))
