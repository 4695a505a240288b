"""``compare_models``: two models of any framework, as they are, held together layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from dualnet.dtypes import canonical
from dualnet.modes import full_precision
from dualnet.parity.foreign.arguments import TRANSFERS, PerModel, arrays, check_options
from dualnet.parity.foreign.comparison import Comparison
from dualnet.parity.foreign.copying import two_sides
from dualnet.parity.foreign.transferring import written
from dualnet.parity.foreign.values import ModelReport

__all__ = ["compare_models"]


def compare_models(
    a: Any,
    b: Any,
    inputs: Any,
    targets: Any = None,
    *,
    mapping: Mapping[str, str] | None = None,
    transfer: str | None = None,
    train_steps: int = 0,
    loss: Any = None,
    optimizers: Any = None,
    dtype: str = "float64",
) -> ModelReport:
    """Holds two models together, layer by layer, and names the first place where they part.

    Each is a ``dn.Model``, ``torch.nn.Module``, Keras model or ``tf.Module``, as it is.  The
    layers are aligned by order of execution, kind and shapes of weights; then compared in
    evaluation and in training mode (without dropout, whose masks differ by design), forward
    and backward, each pair with the *same* input on both sides, so that no layer is charged
    with what those before it did.  ``docs/foreign_models.md`` has the details.

    Both models are copied in ``dtype``, and the copies are what is compared, so that neither
    model changes, unless ``transfer`` asks for it.

    Args:
        a, b: the models.  They must have their weights already.
        inputs: an array, or a tuple of arrays for models of several inputs, with the batch
            axis, channels last; each model gets them in its own layout.
            :class:`PerModel` gives each model its own.
        targets: for ``loss``.
        mapping: paths of ``a``'s layers to paths of ``b``'s, where the alignment is to be told.
        transfer: ``"a->b"`` writes ``a``'s weights into ``b`` before the comparison,
            ``"b->a"`` the other way; all of them, or, after an error, none.
        train_steps: how many training steps are compared, each from one state.
        loss: a name or definition (:mod:`dualnet.losses`), a function ``(targets, output)``,
            or a pair of such, ``(of_a, of_b)``.  ``mean(r · output)`` with fixed random ``r``
            if not given.
        optimizers: of the steps: one definition (:mod:`dualnet.optim`) for both, or a pair of
            definitions or native optimizers, ``(of_a, of_b)``.
        dtype: what both compute in.  A model that cannot be copied in float64 brings both to
            float32, which the report says.

    Raises:
        ConfigError: no models, a wrong option, or a mapping that does not fit.
        NotBuiltError: a model that has no weights yet.
        ParityError: layers with weights are left without partner.

    >>> import numpy as np
    >>> import torch
    >>> from torch import nn
    >>> one = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    >>> other = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4, 2))
    >>> report = compare_models(one, other, np.ones((5, 3)), transfer="a->b")
    >>> report.verdict, [row.path_b for row in report.rows]
    ('identical', ['0', '1', '3'])
    """
    wanted = canonical(dtype)
    check_options(mapping, transfer, train_steps, optimizers, wanted)
    told = not isinstance(inputs, PerModel)
    given = PerModel(inputs, inputs) if told else inputs
    each = arrays(given.a), arrays(given.b)
    with full_precision(), ExitStack() as stack:
        sides, notes = two_sides((a, b), each, told, wanted)
        for side in sides:
            stack.enter_context(side.undone())
            if side.dtype == "float64":
                stack.enter_context(side.backend.foreign.exact())
            stack.enter_context(side.backend.foreign.without_dropout(side.model))
        run = Comparison(sides, each, told, mapping, notes)
        values = run.align(transfer)
        report = run.report(targets, loss, optimizers, train_steps, transfer)
    if transfer is not None:
        written(run.models, TRANSFERS[transfer][1], values)
    return report
