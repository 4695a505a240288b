"""Hyperparameters that the two sides give different values."""

from __future__ import annotations

from collections.abc import Iterator

from dualnet.parity.foreign.causes.catalogue.proposals import PLACEMENTS, copied, told
from dualnet.parity.foreign.causes.entry import Change, Entry, Trial

__all__ = ["COPIED", "ENTRIES", "LAST"]

PHASES = ("forward", "state", "loss", "update")
TRIED = "the value of the other side"

# Name of the cause, the options it is about, and what they decide.

_LAYERS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("epsilon", ("epsilon",), "ε of a norm"),
    ("padding", ("padding", "output_padding"), "another amount of padding, or another rule"),
    ("strides", ("strides",), "windows move by other steps"),
    ("dilation", ("dilation_rate",), "kernel elements lie further apart"),
    ("groups", ("groups",), "another number of groups of channels"),
    ("pool size", ("pool_size",), "windows of another size"),
    ("count_include_pad", ("count_include_pad",), "means that count the padding"),
    ("ceil mode", ("ceil_mode",), "a last window that hangs over the border"),
    ("activation", ("activation",), "another activation function"),
    ("recurrent activation", ("recurrent_activation",), "another function of the gates"),
    ("GELU form", ("approximate",), "erf against tanh"),
    ("leaky slope", ("negative_slope",), "0.01, 0.2 or 0.3"),
    ("alpha", ("alpha",), "another α of ELU or CELU"),
    ("softplus threshold", ("threshold",), "linear above 20, or exact"),
    ("axis", ("axis",), "another axis"),
    ("interpolation", ("interpolation",), "another way to interpolate"),
    ("align corners", ("align_corners", "half_pixel"), "where pixels have their centres"),
    ("antialias", ("antialias",), "whether shrinking smooths"),
    ("size", ("size", "scale"), "another size of the result"),
    ("heads", ("num_heads",), "features cut into another number of heads"),
    ("causal mask", ("causal",), "whether the future is hidden"),
    ("direction", ("go_backwards",), "which end of the sequence comes first"),
    ("return sequences", ("return_sequences",), "all steps against the last"),
    ("reset_after", ("reset_after",), "the reset gate before or after the product"),
    ("dropout rate", ("rate",), "another part that is dropped"),
    ("order of axes", ("dims", "target_shape", "order"), "axes or sizes in another order"),
)

_STATES = (("running variance", ("unbiased",), "n - 1 or n under the moving variance"),)

_OPTIMIZERS = (
    ("epsilon", ("epsilon",), "ε of an optimizer"),
    ("learning rate", ("learning_rate",), "another learning rate"),
    ("nesterov", ("nesterov",), "whether momentum looks ahead"),
    ("weight decay", ("weight_decay", "l2"), "decoupled, in the gradient, or another factor"),
    ("betas", ("beta_1", "beta_2", "rho"), "other decay rates of the averages"),
    ("amsgrad", ("amsgrad",), "the largest second moment so far"),
    ("centered", ("centered",), "the variance under the root"),
    ("initial accumulator", ("initial_accumulator_value",), "what Adagrad begins with"),
    ("clipping", ("clipnorm", "clipvalue", "global_clipnorm"), "gradients kept in bounds"),
)

_LOSSES = (
    ("loss reduction", ("reduction",), "mean or sum"),
    ("from_logits", ("from_logits",), "logits or probabilities"),
    ("label smoothing", ("label_smoothing",), "targets mixed with the uniform ones"),
    ("Huber delta", ("delta",), "where the loss becomes linear"),
)


#: What the words for options do not tell a user of one of the frameworks.
_HINTS = {
    "weight decay": " (weight_decay of torch's SGD, Adam and RMSprop is l2 here, in the gradient; "
    "that of AdamW and of Keras is apart from the gradient)",
    "padding": " (Keras pads with numbers by a ZeroPadding layer before the convolution)",
    "interpolation": " ('nearest' of PyTorch is by floor; its 'nearest-exact' is Keras's)",
    "running variance": " (it is unbiased in PyTorch and biased in Keras, whatever you set)",
}

_PLAIN = tuple(
    Entry(name, signature, TRIED, (phase,), (), copied(*options, hint=_HINTS.get(name, "")))
    for phase, rows in (
        ("forward", _LAYERS),
        ("state", _STATES),
        ("update", _OPTIMIZERS),
        ("loss", _LOSSES),
    )
    for name, options, signature in rows
)

#: What no hyperparameter tells, and is read off what a side computes.
_READ = (
    Entry(
        "epsilon placement",
        "ε inside the root, outside, before the correction",
        "the place read off the other side",
        ("update",),
        (),
        told(
            "placement",
            PLACEMENTS,
            "outside",
            "no value of epsilon makes the two the same; use a small one (1e-12) on both sides",
        ),
    ),
    Entry(
        "momentum convention",
        "the learning rate inside the buffer, or outside",
        "the convention read off the other side",
        ("update",),
        (),
        told(
            "rate_inside",
            {True: "keeps the learning rate in its momentum", False: "keeps it outside"},
            False,
            "differs only while the rate changes; scale the buffer with it",
        ),
    ),
    Entry(
        "float32 inside",
        "decay rates held in float32",
        "the rounding read off the other side",
        ("update",),
        (),
        told(
            "rounded",
            {True: "holds its decay rates in float32", False: "in float64"},
            False,
            "take rates that float32 holds exactly (0.875, 0.984375), or accept 1e-6",
        ),
    ),
)

ENTRIES = (*_PLAIN, *_READ)


def _kind(trial: Trial) -> Iterator[Change]:
    if trial.facts.kind != trial.other.kind:
        yield Change(
            f"{trial.this} is a {trial.facts.kind}, {trial.that} is a {trial.other.kind}",
            "use the same layer on both sides",
            trial.case.of(trial.other),
        )


MOMENTUM = Entry("momentum", "another momentum", TRIED, ("state", "update"), (), copied("momentum"))

#: Everything that copies options from the other side.
COPIED = (*ENTRIES, MOMENTUM)

#: What there may be a better word for; it comes after all else.
LAST = (
    MOMENTUM,
    Entry("another kind", "different layers", "the other side's facts", PHASES, (), _kind),
)
