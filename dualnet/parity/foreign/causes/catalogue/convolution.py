"""Where windows begin, and what they see."""

from __future__ import annotations

from collections.abc import Iterator

from dualnet import windows
from dualnet.parity.foreign.causes.entry import Change, Entry, Trial

__all__ = ["ENTRIES", "FIRST"]

FORWARD = ("forward",)
WINDOWS = ("Conv1", "Conv2", "Conv3", "DepthwiseConv", "MaxPool", "AvgPool")


def _pads(trial: Trial, padding: str | None = None) -> windows.Pads:
    """The padding of the known side, or another one, in numbers."""
    options, x = trial.facts.options, trial.case.inputs[0]
    rank = x.ndim - 2
    if "kernel" in trial.facts.weights:
        window = trial.facts.weights["kernel"].shape[:rank]
        strides = options.get("strides", 1)
    else:
        window = windows.per_axis(options.get("pool_size", 2), rank, "pool_size")
        strides = options.get("strides") or window
    dilation = windows.per_axis(options.get("dilation_rate", 1), rank, "dilation_rate")
    return windows.pads(
        padding or options.get("padding", "valid"),
        x.shape[1:-1],
        windows.effective(window, dilation),
        windows.per_axis(strides, rank, "strides"),
    )


def _sides(trial: Trial) -> Iterator[Change]:
    pads = _pads(trial)
    ways = {
        "as TensorFlow's 'same' does": _pads(trial, "same"),
        "with the odd one at the other end": tuple((high, low) for low, high in pads),
        "the same at both ends, by the larger": tuple((max(pair),) * 2 for pair in pads),
        "the same at both ends, by the smaller": tuple((min(pair),) * 2 for pair in pads),
        "all of it at the end": tuple((0, low + high) for low, high in pads),
        "all of it at the start": tuple((low + high, 0) for low, high in pads),
    }
    padded = any(low + high for low, high in pads)
    for how, changed in ways.items():
        if padded and changed != pads:
            yield Change(
                f"{trial.that} pads {changed} ({how}), {trial.this} {pads}",
                "pad by hand with the same numbers on both sides, and convolve with "
                "padding='valid'; 'same' with strides pads the odd one at the end in TensorFlow",
                trial.case.option(padding=changed),
            )


def _amounts(trial: Trial) -> Iterator[Change]:
    pads = _pads(trial)
    for amount in range(4):
        changed = ((amount, amount),) * len(pads)
        if changed != pads:
            yield Change(
                f"{trial.that} pads {amount} at both ends, {trial.this} {pads}",
                "give both the same padding, in numbers",
                trial.case.option(padding=changed),
            )


def _steps(trial: Trial) -> Iterator[Change]:
    for name, word in (("strides", "strides"), ("dilation_rate", "dilation")):
        for value in (1, 2, 3):
            if trial.facts.options.get(name, 1) != value:
                yield Change(
                    f"{trial.that} has a {word} of {value}, {trial.this} of "
                    f"{trial.facts.options.get(name, 1)}",
                    f"give both the same {name}",
                    trial.case.option(**{name: value}),
                )


def _crops(trial: Trial) -> Iterator[Change]:
    for shift in (-2, -1, 1, 2):
        yield Change(
            f"{trial.that} crops its output {abs(shift)} further "
            f"{'right' if shift > 0 else 'left'} than {trial.this}",
            "use padding='valid' on both sides and crop by hand; output_padding and 'same' shift "
            "the output between the frameworks",
            trial.case.option(shift=shift),
        )


#: Says more than that two paddings differ.
FIRST = (
    Entry(
        "padding side",
        "`same` with strides: the odd pad at the end, or symmetric",
        "the same padding, otherwise divided",
        FORWARD,
        WINDOWS,
        _sides,
    ),
)

ENTRIES = (
    Entry(
        "padding",
        "another amount of padding",
        "0 to 3 at both ends",
        FORWARD,
        WINDOWS,
        _amounts,
    ),
    Entry(
        "strides or dilation",
        "other steps, of windows or in them",
        "1 to 3",
        FORWARD,
        ("Conv1", "Conv2", "Conv3", "DepthwiseConv"),
        _steps,
    ),
    Entry(
        "transposed crop",
        "a transposed convolution shifted by pixels",
        "the crop moved by 1 and 2",
        FORWARD,
        ("ConvTranspose",),
        _crops,
    ),
)
