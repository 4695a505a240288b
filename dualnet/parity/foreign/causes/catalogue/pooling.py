"""Pools and resizing: borders and pixel centres."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dualnet.parity.foreign.causes.catalogue.proposals import settings
from dualnet.parity.foreign.causes.entry import Change, Entry, Trial

__all__ = ["ENTRIES"]

FORWARD = ("forward",)


def _counts(trial: Trial) -> Iterator[Change]:
    counted = bool(trial.facts.options.get("count_include_pad", False))
    words = ("does not count", "counts")
    yield Change(
        f"{trial.that} {words[not counted]} padding in its means, {trial.this} {words[counted]} it",
        "set count_include_pad=False in torch.nn.AvgPool; Keras never counts padding",
        trial.case.option(count_include_pad=not counted),
    )


def _raised(trial: Trial) -> Iterator[Change]:
    ceil = bool(trial.facts.options.get("ceil_mode", False))
    words = ("ends inside the input", "may hang over the border (ceil_mode)")
    yield Change(
        f"in {trial.that} the last window {words[not ceil]}, in {trial.this} it {words[ceil]}",
        "set ceil_mode alike, or pad by hand",
        trial.case.option(ceil_mode=not ceil),
    )


def _other_pool(trial: Trial) -> Iterator[Change]:
    kind = trial.facts.kind
    other = kind.replace("Max", "Avg") if "Max" in kind else kind.replace("Avg", "Max")
    yield Change(
        f"{trial.that} computes what {other} does, {trial.this} {kind}",
        "use the same pool on both sides",
        trial.case.of(replace(trial.facts, kind=other)),
    )


def _pixels(trial: Trial) -> Iterator[Change]:
    aligned = bool(trial.facts.options.get("align_corners", False))
    words = ("does not align corners", "aligns corners")
    yield Change(
        f"{trial.that} {words[not aligned]}, {trial.this} {words[aligned]}",
        "set align_corners=False in PyTorch: Keras and TensorFlow 2 have half-pixel centres",
        trial.case.option(align_corners=not aligned),
    )
    if "nearest" not in trial.facts.options.get("interpolation", "nearest"):
        yield Change(
            f"{trial.that} puts pixel centres at i instead of i + 1/2, {trial.this} does not",
            "use half-pixel centres on both sides",
            trial.case.option(half_pixel=False),
        )


def _forms(trial: Trial) -> Iterator[Change]:
    mine = trial.facts.options.get("interpolation", "nearest")
    for form in ("nearest", "nearest-floor", "bilinear", "bicubic"):
        if form != mine:
            yield Change(
                f"{trial.that} interpolates by {form}, {trial.this} by {mine}",
                "PyTorch's 'nearest' takes the floor; its 'nearest-exact' is what Keras and "
                "TensorFlow 2 call nearest",
                trial.case.option(interpolation=form),
            )


ENTRIES = (
    Entry(
        "count_include_pad",
        "means over windows at the border",
        "the other divisor",
        FORWARD,
        ("AvgPool",),
        _counts,
    ),
    Entry(
        "maximum of padding",
        "zeros instead of -∞ around a maximum",
        "zeros",
        FORWARD,
        ("MaxPool",),
        settings(
            (
                {"fill": 0.0},
                "pads a maximum with zeros",
                "pad with -inf, or let the pool pad",
            )
        ),
    ),
    Entry(
        "ceil mode",
        "a last window more",
        "one more, or less",
        FORWARD,
        ("MaxPool", "AvgPool"),
        _raised,
    ),
    Entry(
        "maximum against mean",
        "the other pool",
        "the other pool",
        FORWARD,
        ("MaxPool", "AvgPool", "GlobalMax", "GlobalAvg"),
        _other_pool,
    ),
    Entry(
        "align corners",
        "corners aligned, half-pixel centres, or none",
        "each rule",
        FORWARD,
        ("Resize",),
        _pixels,
    ),
    Entry(
        "interpolation",
        "floor or nearest pixel, linear, cubic",
        "each form",
        FORWARD,
        ("Resize",),
        _forms,
    ),
    Entry(
        "bicubic constant",
        "a = -0.75 in PyTorch, -0.5 in TensorFlow",
        "-0.75 and -0.5; the border repeated or left out",
        FORWARD,
        ("Resize",),
        settings(
            *(
                (
                    {"cubic": a, "renormalised": drops},
                    f"has a={a:g} in its bicubic kernel, the border {word}",
                    "resize with antialias=True on both sides, which have a=-0.5, or bilinearly",
                )
                for a in (-0.75, -0.5)
                for drops, word in ((False, "repeated"), (True, "left out"))
            )
        ),
    ),
    Entry(
        "antialias",
        "shrinking with or without smoothing",
        "with smoothing",
        FORWARD,
        ("Resize",),
        settings(({"antialias": True}, "smooths before it shrinks", "set antialias alike")),
    ),
)  # fmt: skip - short rows
