"""Connectionist temporal classification: labels whose place in time is not known."""

from __future__ import annotations

from typing import Any

from dualnet import ops
from dualnet.dtypes import is_integer
from dualnet.errors import ConfigError, DtypeError, LabelError, ShapeError
from dualnet.losses.reduction import reduced, without_masked
from dualnet.losses.targets import backend_of_tensor, native, native_like, shape_of
from dualnet.shapes import fits
from dualnet.typing import NDArray, Shape, Tensor

__all__ = ["check_blank", "check_sequences", "check_symbols", "ctc"]

#: The logarithm of a probability of 0.  Finite, so that no gradient is NaN.
NEVER = -1e30


def ctc(
    y_true: Any,
    y_pred: Tensor,
    sample_weight: Any = None,
    *,
    label_lengths: Any = None,
    input_lengths: Any = None,
    blank: int = 0,
    from_logits: bool = True,
    mask: Any = None,
    reduction: str = "mean",
    validate: bool = True,
) -> Tensor:
    """``l = -log Σ_π Π_t p_t(π_t)`` over all paths ``π`` that read as the labels.

    A path has one symbol per step; it reads as what is left when repetitions are merged and
    then blanks removed.  Graves et al., "Connectionist Temporal Classification", 2006: the
    forward recursion (their equations 6 and 7), on logarithms.  Composed of differentiable
    functions, so that every order of derivative exists.  The recursion is a
    :func:`dualnet.ops.scan` over the steps.

    Args:
        y_true: integer labels ``(N, S)``; a row ends at its first blank or negative label.
        y_pred: logits ``(N, T, K)``, blank among the ``K``.
        label_lengths: how many labels a row has, ``(N,)``, if they do not tell it themselves.
        input_lengths: how many steps a sequence has, ``(N,)``; all ``T`` if not given.
        blank: the symbol that stands for none.
        from_logits: ``False`` if ``y_pred`` are probabilities.
        mask: of steps, ``(N, T)``, True up to the end of a sequence, in place of
            ``input_lengths``; or of samples, ``(N,)``.
        sample_weight: one per sample.
        reduction: as in :func:`dualnet.losses.cross_entropy`; a mean over sequences, whatever
            their lengths.
        validate: whether labels are looked at when running eagerly.

    Returns:
        A scalar (or one number per sequence).  Labels that no path of this length reads as
        have an infinite loss, and a gradient of zero.

    Raises:
        ConfigError: ``blank`` is no class.
        ShapeError, DtypeError: they are no labels and logits of sequences.
        LabelError: a label is ``K`` or larger.
    """
    labels, y_pred = native(y_true, y_pred)
    backend, shape = backend_of_tensor(y_pred), shape_of(y_pred)
    check_sequences(backend.state.dtype_name(labels), shape_of(labels), shape)
    check_blank(blank, shape[-1])
    if validate and not backend.jit.tracing():
        check_symbols(backend.state.to_numpy(labels), shape[-1])
    labels = ops.astype(labels, "int64")
    if mask is not None:
        mask = native_like(mask, y_pred)
        if len(shape_of(mask)) == 2 and input_lengths is None:
            input_lengths = ops.count_nonzero(mask, axis=1)
        y_pred = without_masked(y_pred, mask)
        mask = mask if len(shape_of(mask)) == 1 else None
    given = ops.logical_and(ops.greater_equal(labels, 0), ops.not_equal(labels, blank))
    if label_lengths is None:
        label_lengths = ops.sum(ops.cumulative_prod(ops.astype(given, "int64"), axis=1), axis=1)
    labels = ops.where(given, labels, ops.full_like(labels, blank))
    if input_lengths is not None:
        input_lengths = _column(input_lengths, y_pred)
    logs = _log_probabilities(y_pred, from_logits)
    losses = _forward(logs, labels, _column(label_lengths, y_pred), input_lengths, blank)
    return reduced(losses, sample_weight, mask, reduction)


def _column(lengths: Any, tensor: Tensor) -> Tensor:
    return ops.expand_dims(ops.astype(native_like(lengths, tensor), "int64"), axis=1)


def _log_probabilities(y_pred: Tensor, from_logits: bool) -> Tensor:
    """Logarithms, finite where a probability is 0."""
    if from_logits:
        return ops.maximum(ops.nn.log_softmax(y_pred, axis=-1), NEVER)
    zero = ops.equal(y_pred, 0.0)
    logs = ops.log(ops.where(zero, ops.ones_like(y_pred), y_pred))
    return ops.where(zero, ops.full_like(logs, NEVER), logs)


def _forward(
    logs: Tensor, labels: Tensor, label_lengths: Tensor, input_lengths: Any, blank: int
) -> Tensor:
    """``-log p(labels)``, by steps through the labels with a blank before, between and after.

    ``alpha[s]`` is the logarithm of the probability of all paths so far that end at place
    ``s``: they were there, or one before, or two before where that skips a blank between
    different labels.
    """
    places = _with_blanks(labels, blank)
    every_step = ops.astype(ops.zeros_like(logs[:, :, :1]), "int64")
    emitted = ops.take_along_axis(logs, ops.expand_dims(places, axis=1) + every_step, axis=-1)
    column = ops.full_like(emitted[:, 0, :1], NEVER)
    skips = _may_skip(places)
    alpha = ops.concat(
        [ops.zeros_like(column), ops.full_like(emitted[:, 0, 1:], NEVER)], axis=1
    )  # before the first step: at the first blank

    def step(carry: tuple[Tensor, Tensor], now: Tensor) -> tuple[tuple[Tensor, Tensor], None]:
        alpha, done = carry
        one = ops.concat([column, alpha[:, :-1]], axis=1)
        two = ops.concat([column, one[:, :-1]], axis=1)
        two = ops.where(skips, two, ops.full_like(two, NEVER))
        came = ops.logsumexp(ops.stack([alpha, one, two], axis=-1), axis=-1)
        moved = came + now
        if input_lengths is not None:
            moved = ops.where(ops.less(done, input_lengths), moved, alpha)
        return (moved, done + 1), None

    (alpha, _), _ = ops.scan(step, (alpha, 0), ops.moveaxis(emitted, 1, 0))
    last = ops.take_along_axis(alpha, 2 * label_lengths, axis=1)
    before = ops.take_along_axis(alpha, ops.maximum(2 * label_lengths - 1, 0), axis=1)
    before = ops.where(ops.greater(label_lengths, 0), before, column)
    total = ops.logsumexp(ops.concat([last, before], axis=1), axis=1)
    impossible = ops.less(total, 0.5 * NEVER)
    return ops.where(impossible, ops.full_like(total, float("inf")), -total)


def _with_blanks(labels: Tensor, blank: int) -> Tensor:
    """``(N, S)`` labels as ``(N, 2S + 1)`` places: blank, label, blank, …, label, blank."""
    blanks = ops.full_like(labels, blank)
    size = shape_of(labels)[1]
    between = ops.reshape(ops.stack([blanks, labels], axis=-1), (-1, 2 * size))
    return ops.concat([between, blanks[:, :1]], axis=1)


def _may_skip(places: Tensor) -> Tensor:
    """Whether a place may be reached from two before: a label that differs from the last one."""
    differs = ops.not_equal(places[:, 2:], places[:, :-2])
    never = ops.not_equal(places[:, :2], places[:, :2])
    return ops.concat([never, differs], axis=1)


def check_sequences(dtype: str, labels: Shape, logits: Shape) -> None:
    """Raises :class:`ShapeError` or :class:`DtypeError` unless they are sequences for CTC."""
    if len(logits) != 3 or len(labels) != 2 or not fits(labels[:1], logits[:1]) or labels[1] < 1:
        raise ShapeError(
            f"labels of shape {labels} for predictions of shape {logits}; CTC takes labels "
            "(N, S) and logits (N, T, K)"
        )
    if logits[1] < 0:
        raise ShapeError(
            "CTC steps through time in Python, and this compiled function does not know the "
            "number of steps; give the time axis a fixed size"
        )
    if not is_integer(dtype):
        raise DtypeError(f"labels are {dtype}, they must be integers: y.astype('int64')")


def check_symbols(labels: NDArray, classes: int) -> None:
    """Raises :class:`LabelError` if a label is ``classes`` or larger."""
    if labels.size and labels.max() >= classes:
        raise LabelError(
            f"label {labels.max()}, but the model predicts {classes} symbols, 0 to {classes - 1}, "
            "the blank among them"
        )


def check_blank(blank: int, classes: int) -> None:
    """Raises :class:`ConfigError` unless ``blank`` is one of the classes."""
    if not 0 <= blank < classes:
        raise ConfigError(f"blank={blank!r} is none of {classes} classes, 0 to {classes - 1}")
