"""What goes in and comes out: orders of values, scales, precision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from dualnet.parity.distances import distance
from dualnet.parity.foreign.causes.catalogue.proposals import settings
from dualnet.parity.foreign.causes.entry import Change, Entry, Trial
from dualnet.parity.gates import gates
from dualnet.typing import NDArray

__all__ = ["ENTRIES", "LAST"]

FORWARD, FLOWS = ("forward",), ("forward", "between")
SHAPED = ("Flatten", "Reshape")


def _floating(array: NDArray) -> bool:
    return array.dtype.kind == "f"


def _channels(trial: Trial) -> Iterator[Change]:
    advice = "bring the channels into one order: OpenCV reads BGR, PIL and TensorFlow RGB"
    inputs = trial.case.inputs
    if trial.case.recorded is None and inputs and _floating(inputs[0]):
        yield Change(
            f"{trial.that} takes its input channels in the reverse order of {trial.this}",
            advice,
            trial.case.fed(inputs[0][..., ::-1], *inputs[1:]),
        )
    yield Change(
        f"{trial.that} gives its channels in the reverse order of {trial.this}",
        advice,
        trial.case.then(lambda y: y[..., ::-1]),
    )


def _axes(trial: Trial) -> Iterator[Change]:
    """Height and width, or time and batch, exchanged."""

    def exchanged(x: NDArray) -> NDArray:
        return x.swapaxes(1, 2)

    inputs = trial.case.inputs
    advice = "name the axes on both sides: images are (height, width), sequences (batch, time)"
    if trial.case.recorded is None and inputs and inputs[0].ndim > 3:
        yield Change(
            f"{trial.that} takes height and width of its input in the reverse order",
            advice,
            trial.case.fed(exchanged(inputs[0]), *inputs[1:]),
        )
    yield Change(
        f"{trial.that} gives its second and third axis in the reverse order of {trial.this}",
        advice,
        trial.case.then(exchanged),
    )


def _flattened(trial: Trial) -> Iterator[Change]:
    """Channels first against channels last, by every way to factor the features."""
    features = np.shape(trial.target[""])[-1]
    advice = "permute to (batch, height, width, channels) before the flattening"
    for channels in (d for d in range(2, features) if features % d == 0):
        yield Change(
            f"{trial.that} flattens the axes in another order ({features // channels} places, "
            f"{channels} channels) than {trial.this}",
            advice,
            trial.case.then(_reordered(channels)),
        )


def _reordered(inner: int) -> Callable[[NDArray], NDArray]:
    def change(y: NDArray) -> NDArray:
        return y.reshape(*y.shape[:-1], -1, inner).swapaxes(-1, -2).reshape(y.shape)

    return change


def _features(trial: Trial) -> Iterator[Change]:
    places = _matched(trial.case.values()[""], trial.target[""])
    yield Change(
        f"{trial.that} has the features of {trial.this} in another order "
        f"({', '.join(map(str, places[:6]))}{', …' if len(places) > 6 else ''})",
        "bring the features into one order before this layer",
        trial.case.then(lambda y: y[..., places]),
    )


def _matched(a: NDArray, b: NDArray) -> NDArray:
    """The column of ``a`` that is each column of ``b``, if they are the same ones."""
    rows = np.cos(np.arange(a[..., 0].size)) + 2.0
    first, second = (rows @ each.reshape(-1, each.shape[-1]) for each in (a, b))
    places = np.empty(first.size, dtype=np.int64)
    places[np.argsort(second)] = np.argsort(first)
    return places


def _preprocessed(trial: Trial) -> Iterator[Change]:
    x, *rest = trial.case.inputs
    if trial.case.recorded is None and _floating(x):
        ways: tuple[tuple[str, NDArray], ...] = (
            ("divided by 255", x / 255.0),
            ("multiplied by 255", x * 255.0),
            ("as 2 x - 1", 2.0 * x - 1.0),
            ("as x/127.5 - 1", x / 127.5 - 1.0),
        )
        for how, changed in ways:
            yield Change(
                f"{trial.that} takes its input {how}, {trial.this} as it is",
                "prepare the input once, before either model",
                trial.case.fed(changed, *rest),
            )


def _ids(trial: Trial) -> Iterator[Change]:
    table, (ids, *_) = trial.facts.weights["embeddings"], trial.case.inputs
    for shift in (-1, 1):
        yield Change(
            f"{trial.that} looks up id {'+' if shift > 0 else '-'} 1, {trial.this} the id itself",
            "count ids from 0 on both sides, and mind an id kept for padding",
            trial.case.fed(np.clip(ids + shift, 0, len(table) - 1)),
        )


def _padding_row(trial: Trial) -> Iterator[Change]:
    table = trial.facts.weights["embeddings"]
    index = trial.other.options.get("padding_idx", trial.facts.options.get("padding_idx"))
    cleared = table.copy()
    cleared[0 if index is None else index] = 0.0
    yield Change(
        f"{trial.that} has zeros for its padding id, {trial.this} a vector",
        "set the row of padding_idx to zero on both sides",
        trial.case.weight(embeddings=cleared),
    )


def _factor(trial: Trial) -> Iterator[Change]:
    value, target = trial.case.values()[""], trial.target[""]
    factor = float(np.vdot(value, target) / np.vdot(value, value))
    yield Change(
        f"{trial.that} is {factor:.12g}{_known_number(factor, target.shape[-1])} times "
        f"{trial.this}",
        "look for a scale that one side applies alone, such as √features after an embedding",
        trial.case.then(lambda y: factor * y),
    )


def _known_number(factor: float, features: int) -> str:
    names = {
        float(np.sqrt(features)): "√features",
        float(1.0 / np.sqrt(features)): "1/√features",
        0.5: "1/2",
        1.0 / 255.0: "1/255",
    }
    return next((f" ({n})" for x, n in names.items() if np.isclose(x, factor, rtol=1e-10)), "")


def _rounded(array: NDArray) -> NDArray:
    return array.astype(np.float32).astype(np.float64)


def _constants(options: Any) -> dict[str, Any]:
    """Options with their numbers rounded to float32."""
    return {n: float(np.float32(v)) if type(v) is float else v for n, v in options.items()}


def _precision(trial: Trial) -> Iterator[Change]:
    advice = (
        "keep float64 throughout: no .float(), no tf.cast to float32, "
        "keras.config.set_floatx('float64') before the first layer"
    )
    if trial.case.recorded is None:
        yield from _rounded_parts(trial, advice)
    target = np.asarray(trial.target[""])
    value = trial.case.values()[""]
    if np.array_equal(_rounded(target), target) and not np.array_equal(_rounded(value), value):
        near = distance(value, target).relative <= gates("float32").forward
        yield Change(
            f"{trial.that} computes in float32: its output holds float32 numbers, which agree "
            f"with those of {trial.this} as far as they go",
            advice,
            trial.case.then(lambda y: target if near else y),
        )


def _rounded_parts(trial: Trial, advice: str) -> Iterator[Change]:
    case = trial.case
    inputs = tuple(_rounded(x) if _floating(x) else x for x in case.inputs)
    weights = {name: _rounded(value) for name, value in trial.facts.weights.items()}
    constants = replace(trial.facts, options=_constants(trial.facts.options))
    for what, changed in (
        ("its input", case.fed(*inputs)),
        ("its weights", case.weight(**weights)),
        ("its input and weights", case.fed(*inputs).weight(**weights)),
        ("its constants", case.of(constants)),
    ):
        yield Change(
            f"{trial.that} rounds {what} to float32, {trial.this} does not", advice, changed
        )


ENTRIES = (
    Entry(
        "channel order",
        "RGB against BGR",
        "channels of input or output reversed",
        FLOWS,
        (),
        _channels,
    ),
    Entry(
        "axes exchanged",
        "height and width, or batch and time",
        "axes 1 and 2 exchanged, before or after",
        FLOWS,
        (),
        _axes,
    ),
    Entry(
        "Flatten order",
        "NCHW against NHWC",
        "the axes exchanged before the flattening",
        FORWARD,
        SHAPED,
        settings(
            (
                {"order": "channels first"},
                "flattens channels first",
                "permute to (batch, height, width, channels) before the flattening",
            )
        ),
    ),
    Entry(
        "Flatten order",
        "NCHW against NHWC between layers",
        "every way to factor the features",
        FLOWS,
        (),
        _flattened,
    ),
    Entry(
        "preprocessing",
        "pixels in 0 … 255, 0 … 1 or -1 … 1",
        "each scale",
        FORWARD,
        ("Dense", "Conv", "BatchNorm"),
        _preprocessed,
    ),
    Entry("embedding ids", "ids counted from 1", "ids moved by one", FORWARD, ("Embedding",), _ids),
    Entry(
        "padding_idx",
        "a row of zeros for padding",
        "the row set to zero",
        FORWARD,
        ("Embedding",),
        _padding_row,
    ),
)

LAST = (
    Entry(
        "float32 inside",
        "float32 numbers in a float64 layer",
        "inputs, weights, constants rounded; float32 numbers found in the output",
        FLOWS,
        (),
        _precision,
    ),
    Entry(
        "feature order",
        "the same features, permuted",
        "columns matched and permuted",
        FLOWS,
        (),
        _features,
    ),
    Entry("scale", "one number times the other side", "the number", FLOWS, (), _factor),
)
