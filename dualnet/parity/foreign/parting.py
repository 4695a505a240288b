"""Where two models part, with all that is needed to find out why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dualnet.parity.foreign.facts import Facts
from dualnet.report.values import Distance
from dualnet.typing import NDArray

__all__ = ["PHASES", "Parting", "UpdateStep"]

#: What is compared, in the order in which a training step comes to it.
PHASES = ("weight", "forward", "between", "loss", "gradient", "state", "update")


@dataclass(frozen=True, eq=False)
class UpdateStep:
    """One parameter in one optimizer step, made on both sides from the same values.

    Attributes:
        step: number of the step, from 1.
        parameter: its value before, in dualnet's layout.
        gradient: the gradient that both optimizers were given.
        history: every earlier ``(parameter, gradient)`` of this parameter, oldest first; both
            optimizers were given the same ones, so it says all that their slots can hold.
        result_a, result_b: its value after.
    """

    step: int
    parameter: NDArray
    gradient: NDArray
    history: tuple[tuple[NDArray, NDArray], ...]
    result_a: NDArray
    result_b: NDArray


@dataclass(frozen=True, eq=False)
class Parting:
    """The first place where two models differ although all that went in was the same.

    All arrays are NumPy, channels last, weights in the layouts of :class:`Facts`.

    ==============  ====================================================================
    ``phase``       what differs
    ==============  ====================================================================
    ``"weight"``    ``a.weights[name]`` and ``b.weights[name]``: the models were given to be
                    compared with the weights they have, and these differ (and so do the
                    outputs)
    ``"forward"``   ``output_a`` and ``output_b`` of one layer, in the mode ``training``,
                    for the same ``inputs``
    ``"between"``   what reaches layer ``b`` (and ``a``): ``inputs`` are the outputs of the
                    layers before, equal on both sides; ``output_a`` and ``output_b`` are what
                    the two layers of the pair then get.  Code between layers, or a layer
                    that one side has alone, has made them differ; ``a`` and ``b`` are the
                    layers that get them, ``before_a`` and ``before_b`` those of the last pair
                    before, and ``alone_a`` and ``alone_b`` the layers without partner
                    in between
    ``"loss"``      the two losses, for the same ``inputs`` ``(targets, output)``
    ``"gradient"``  ``gradients_a`` and ``gradients_b`` of one layer for the same ``inputs``
                    and ``upstream``: by weight name, and ``"input"`` (``"input query"``, …)
    ``"state"``     ``state_a`` and ``state_b``: the layer's state by name, after one training
                    pass over the same ``inputs``; before it was that of ``a.weights``
    ``"update"``    ``update.result_a`` and ``.result_b``; ``a`` and ``b`` are the optimizers
    ==============  ====================================================================

    Attributes:
        phase: one of :data:`PHASES`.
        a, b: the two layers (or optimizers, or losses), with their weights, which are equal
            but for ``"weight"``.  What follows the last layer has the kind ``"Output"``.
        name: the weight, state or gradient that differs most; ``""`` for outputs.
        training: the mode in which the layers ran.
        distance: how far the two sides are apart at ``name``.
        gate: the relative distance that rounding explains.
        dtypes: the dtype in which each side computed.
    """

    phase: str
    a: Facts
    b: Facts
    distance: Distance
    gate: float
    name: str = ""
    training: bool = False
    inputs: tuple[NDArray, ...] = ()
    output_a: NDArray | None = None
    output_b: NDArray | None = None
    upstream: NDArray | None = None
    gradients_a: Mapping[str, NDArray] = field(default_factory=dict)
    gradients_b: Mapping[str, NDArray] = field(default_factory=dict)
    state_a: Mapping[str, NDArray] = field(default_factory=dict)
    state_b: Mapping[str, NDArray] = field(default_factory=dict)
    update: UpdateStep | None = None
    before_a: Facts | None = None
    before_b: Facts | None = None
    alone_a: tuple[Facts, ...] = ()
    alone_b: tuple[Facts, ...] = ()
    dtypes: tuple[str, str] = ("float64", "float64")
