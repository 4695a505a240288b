"""The case table of losses: a call of ours, and the same in PyTorch and in Keras."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

import dualnet.losses as dl

RNG = np.random.default_rng(0)
LOGITS = RNG.standard_normal((6, 5)) * 3
LABELS = np.array([0, 4, 2, 2, 1, 3])
ONE_HOT = np.eye(5)[LABELS]
SOFT = RNG.dirichlet(np.ones(5), 6)
PROBABILITIES = RNG.dirichlet(np.ones(5), 6)
BITS = np.array([[0, 1, 1], [1, 0, 0]] * 2)
REAL = RNG.standard_normal((4, 3))
CHANCES = RNG.uniform(0.05, 0.95, (4, 3))
OUTPUT = RNG.standard_normal((4, 3)) * 2
WEIGHT = np.array([0.5, 2.0, 0.0, 1.0, 3.0, 0.25])
COUNTS = RNG.integers(0, 5, (4, 3)).astype("float64")
RATES = RNG.uniform(0.5, 4.0, (4, 3))
KEPT = np.array([[True, True, False]] * 4)
SPOKEN = np.array([[1, 1, 2], [3, 4, 0], [0, 0, 0]])
SOUNDS = RNG.standard_normal((3, 5, 5))
UNIT = LOGITS / np.linalg.norm(LOGITS, axis=-1, keepdims=True)
CHOICES = RNG.dirichlet(np.ones(3), (3, 4))


def torch_of(value: Any) -> torch.Tensor:
    return torch.tensor(np.asarray(value))


@dataclass(frozen=True)
class Case:
    """A call of ours and the same by PyTorch, both as functions of the predictions."""

    name: str
    loss: Callable[..., Any]
    y: np.ndarray
    prediction: np.ndarray
    reference: Callable[[torch.Tensor], torch.Tensor]
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


def focal_binary(p: torch.Tensor, y: torch.Tensor, alpha: float, gamma: float) -> torch.Tensor:
    """Lin et al. 2017, equation 5."""
    missing = y * (1 - p) + (1 - y) * p
    weight = alpha * y + (1 - alpha) * (1 - y)
    return (weight * missing**gamma * F.binary_cross_entropy(p, y, reduction="none")).mean()


def focal(p: torch.Tensor, t: torch.Tensor, alpha: float, gamma: float) -> torch.Tensor:
    """The same for classes."""
    return -alpha * (t * (1 - p) ** gamma * torch.log(p)).sum(-1).mean()


def right(p: torch.Tensor) -> torch.Tensor:
    """What is predicted for the true class."""
    return p[torch.arange(6), torch_of(LABELS)]


def rival(p: torch.Tensor) -> torch.Tensor:
    """The largest score of another class."""
    return torch.where(torch_of(ONE_HOT) == 1, -torch.inf, p).amax(-1)


def lacking(p: torch.Tensor) -> torch.Tensor:
    """What is missing to the margin."""
    return F.relu(1 - torch_of(2 * BITS - 1) * p)


def overlap(
    p: torch.Tensor, alpha: float, beta: float, smooth: float, kept: Any = 1
) -> torch.Tensor:
    """Salehi et al. 2017, equation 4, of each sample."""
    y = torch_of(BITS * kept)
    tp, fp, fn = (y * p).sum(1), ((1 - y) * p).sum(1), (y * (1 - p)).sum(1)
    return 1 - (tp + smooth) / (tp + alpha * fp + beta * fn + smooth)


def circle_of(x: torch.Tensor, gamma: float = 80.0, margin: float = 0.4) -> torch.Tensor:
    """Sun et al. 2020, equation 6, pair by pair, with constant weights."""
    labels = [0, 1, 1, 0, 2, 1][: len(x)]
    unit, losses = F.normalize(x, dim=-1), []
    for i in range(len(x)):
        near, far = torch.zeros(()), torch.zeros(())
        for j in range(len(x)):
            s = unit[i] @ unit[j]
            if i != j and labels[i] == labels[j]:
                weight = F.relu(1 + margin - s.detach())
                near = near + torch.exp(-gamma * weight * (s - 1 + margin))
            elif labels[i] != labels[j]:
                weight = F.relu(s.detach() + margin)
                far = far + torch.exp(gamma * weight * (s - margin))
        losses.append(torch.log1p(near * far))
    return torch.stack(losses).mean()


def ctc_of(p: torch.Tensor, inputs: list[int], labels: list[int]) -> torch.Tensor:
    """PyTorch's kernel, per sequence."""
    logs = F.log_softmax(p, -1)
    lengths = torch.tensor(inputs), torch.tensor(labels)
    return F.ctc_loss(logs.transpose(0, 1), torch_of(SPOKEN), *lengths, reduction="none")


def chance_of(p: torch.Tensor, rows: list[list[int]]) -> torch.Tensor:
    """The probability of each row of labels, path by path: Graves et al. 2006, equation 3."""
    total = torch.zeros(len(rows), dtype=p.dtype)
    for path in itertools.product(range(p.shape[2]), repeat=p.shape[1]):
        read = [symbol for symbol, _ in itertools.groupby(path) if symbol]
        chance = p[:, torch.arange(p.shape[1]), list(path)].prod(-1)
        total = total + chance * torch.tensor([read == row for row in rows])
    return total


CASES = [
    Case(
        "labels", dl.cross_entropy, LABELS, LOGITS, lambda p: F.cross_entropy(p, torch_of(LABELS))
    ),
    Case(
        "labels smoothed",
        dl.cross_entropy,
        LABELS,
        LOGITS,
        lambda p: F.cross_entropy(p, torch_of(LABELS), label_smoothing=0.1),
        {"label_smoothing": 0.1},
    ),
    Case(
        "labels ignored",
        dl.cross_entropy,
        LABELS,
        LOGITS,
        lambda p: F.cross_entropy(p, torch_of(LABELS), ignore_index=2),
        {"ignore_index": 2},
    ),
    Case(
        "labels over time",
        dl.cross_entropy,
        LABELS.reshape(2, 3),
        LOGITS.reshape(2, 3, 5),
        lambda p: F.cross_entropy(p.permute(0, 2, 1), torch_of(LABELS.reshape(2, 3))),
    ),
    Case(
        "labels weighted",
        dl.cross_entropy,
        LABELS,
        LOGITS,
        lambda p: (
            torch_of(WEIGHT) * F.cross_entropy(p, torch_of(LABELS), reduction="none")
        ).mean(),
        {"sample_weight": WEIGHT},
    ),
    Case(
        "labels masked",
        dl.cross_entropy,
        LABELS,
        LOGITS,
        lambda p: F.cross_entropy(p[[0, 3]], torch_of(LABELS[[0, 3]])),
        {"mask": np.array([True, False, False, True, False, False])},
    ),
    Case(
        "labels, probabilities predicted",
        dl.cross_entropy,
        LABELS,
        PROBABILITIES,
        lambda p: F.nll_loss(torch.log(p), torch_of(LABELS)),
        {"from_logits": False},
    ),
    Case(
        "one-hot", dl.cross_entropy, ONE_HOT, LOGITS, lambda p: F.cross_entropy(p, torch_of(LABELS))
    ),
    Case(
        "one-hot integers",
        dl.cross_entropy,
        ONE_HOT.astype("uint8"),
        LOGITS,
        lambda p: F.cross_entropy(p, torch_of(LABELS)),
    ),
    Case(
        "soft targets smoothed, summed",
        dl.cross_entropy,
        SOFT,
        LOGITS,
        lambda p: F.cross_entropy(p, torch_of(SOFT), label_smoothing=0.2, reduction="sum"),
        {"label_smoothing": 0.2, "reduction": "sum"},
    ),
    Case(
        "soft targets, probabilities predicted",
        dl.cross_entropy,
        SOFT,
        PROBABILITIES,
        lambda p: -(torch_of(SOFT) * torch.log(p)).sum(-1).mean(),
        {"from_logits": False},
    ),
    Case(
        "binary",
        dl.binary_cross_entropy,
        BITS,
        OUTPUT,
        lambda p: F.binary_cross_entropy_with_logits(p, torch_of(BITS).double()),
    ),
    Case(
        "binary smoothed",
        dl.binary_cross_entropy,
        BITS,
        OUTPUT,
        lambda p: F.binary_cross_entropy_with_logits(p, torch_of(BITS * 0.8 + 0.1)),
        {"label_smoothing": 0.2},
    ),
    Case(
        "binary, probabilities predicted",
        dl.binary_cross_entropy,
        BITS,
        CHANCES,
        lambda p: F.binary_cross_entropy(p, torch_of(BITS).double()),
        {"from_logits": False},
    ),
    Case("squared", dl.mse, REAL, OUTPUT, lambda p: F.mse_loss(p, torch_of(REAL))),
    Case(
        "squared weighted",
        dl.mse,
        REAL,
        OUTPUT,
        lambda p: (
            F.mse_loss(p, torch_of(REAL), weight=torch_of(WEIGHT[:4, None]).expand(4, 3))
            * torch_of(WEIGHT[:4]).sum()
            * 3
            / 12
        ),  # PyTorch divides by the sum of the weights
        {"sample_weight": WEIGHT[:4]},
    ),
    Case("absolute", dl.mae, REAL, OUTPUT, lambda p: F.l1_loss(p, torch_of(REAL))),
    Case("huber", dl.huber, REAL, OUTPUT, lambda p: F.huber_loss(p, torch_of(REAL))),
    Case(
        "huber δ, summed",
        dl.huber,
        REAL,
        OUTPUT,
        lambda p: F.huber_loss(p, torch_of(REAL), delta=0.3, reduction="sum"),
        {"delta": 0.3, "reduction": "sum"},
    ),
    Case(
        "squared logarithmic",
        dl.msle,
        COUNTS,
        RATES,
        lambda p: ((torch.log1p(p) - torch.log1p(torch_of(COUNTS))) ** 2).mean(),
    ),
    Case(
        "percentage",
        dl.mape,
        REAL,
        OUTPUT,
        lambda p: 100 * ((p - torch_of(REAL)) / torch_of(REAL)).abs().mean(),
    ),
    Case(
        "log cosh",
        dl.log_cosh,
        REAL,
        OUTPUT,
        lambda p: torch.log(torch.cosh(p - torch_of(REAL))).mean(),
    ),
    Case(
        "focal binary",
        dl.binary_focal_cross_entropy,
        BITS,
        OUTPUT,
        lambda p: focal_binary(torch.sigmoid(p), torch_of(BITS).double(), 0.25, 2.0),
    ),
    Case(
        "focal binary, unweighted, γ below 1, smoothed",
        dl.binary_focal_cross_entropy,
        BITS,
        OUTPUT,
        lambda p: 2 * focal_binary(torch.sigmoid(p), torch_of(BITS * 0.8 + 0.1), 0.5, 0.5),
        {"alpha": None, "gamma": 0.5, "label_smoothing": 0.2},
    ),
    Case(
        "focal binary, probabilities predicted",
        dl.binary_focal_cross_entropy,
        BITS,
        CHANCES,
        lambda p: focal_binary(p, torch_of(BITS).double(), 0.75, 1.5),
        {"alpha": 0.75, "gamma": 1.5, "from_logits": False},
    ),
    Case(
        "focal",
        dl.focal_cross_entropy,
        LABELS,
        LOGITS,
        lambda p: focal(torch.softmax(p, -1), torch_of(ONE_HOT), 0.25, 2.0),
    ),
    Case(
        "focal, soft targets smoothed",
        dl.focal_cross_entropy,
        SOFT,
        LOGITS,
        lambda p: focal(torch.softmax(p, -1), torch_of(SOFT * 0.9 + 0.02), 1.0, 0.5),
        {"alpha": None, "gamma": 0.5, "label_smoothing": 0.1},
    ),
    Case(
        "focal, γ of 0",
        dl.focal_cross_entropy,
        LABELS,
        LOGITS,
        lambda p: F.cross_entropy(p, torch_of(LABELS)),
        {"alpha": None, "gamma": 0.0},
    ),
    Case(
        "focal, probabilities predicted",
        dl.focal_cross_entropy,
        LABELS,
        PROBABILITIES,
        lambda p: focal(p, torch_of(ONE_HOT), 0.25, 3.0),
        {"gamma": 3.0, "from_logits": False},
    ),
    Case(
        "generalized",
        dl.generalized_cross_entropy,
        LABELS,
        LOGITS,
        lambda p: ((1 - right(torch.softmax(p, -1)) ** 0.7) / 0.7).mean(),
    ),
    Case(
        "generalized, probabilities predicted, masked",
        dl.generalized_cross_entropy,
        LABELS,
        PROBABILITIES,
        lambda p: ((1 - right(p) ** 0.3) / 0.3)[[0, 3]].mean(),
        {
            "q": 0.3,
            "from_logits": False,
            "mask": np.array([True, False, False, True, False, False]),
        },
    ),
    Case("hinge", dl.hinge, BITS, OUTPUT, lambda p: lacking(p).mean()),
    Case("hinge, signs", dl.hinge, 2 * BITS - 1, OUTPUT, lambda p: lacking(p).mean()),
    Case("squared hinge", dl.squared_hinge, BITS, OUTPUT, lambda p: (lacking(p) ** 2).mean()),
    Case(
        "categorical hinge",
        dl.categorical_hinge,
        LABELS,
        LOGITS,
        lambda p: F.relu(1 + rival(p) - right(p)).mean(),
    ),
    Case(
        "categorical hinge, one-hot, weighted",
        dl.categorical_hinge,
        ONE_HOT,
        LOGITS,
        lambda p: (torch_of(WEIGHT) * F.relu(1 + rival(p) - right(p))).mean(),
        {"sample_weight": WEIGHT},
    ),
    Case(
        "divergence",
        dl.kl_divergence,
        SOFT,
        LOGITS,
        lambda p: F.kl_div(F.log_softmax(p, -1), torch_of(SOFT), reduction="batchmean"),
    ),
    Case(
        "divergence, probabilities predicted, weighted",
        dl.kl_divergence,
        ONE_HOT,
        PROBABILITIES,
        lambda p: (
            torch_of(WEIGHT) * F.kl_div(torch.log(p), torch_of(ONE_HOT), reduction="none").sum(-1)
        ).mean(),
        {"from_logits": False, "sample_weight": WEIGHT},
    ),
    Case(
        "poisson",
        dl.poisson,
        COUNTS,
        OUTPUT,
        lambda p: F.poisson_nll_loss(p, torch_of(COUNTS)),
    ),
    Case(
        "poisson, rates",
        dl.poisson,
        COUNTS,
        RATES,
        lambda p: F.poisson_nll_loss(p, torch_of(COUNTS), log_input=False, eps=0.0),
        {"log_input": False},
    ),
    Case("dice", dl.dice, BITS, CHANCES, lambda p: overlap(p, 0.5, 0.5, 5e-8).mean()),
    Case(
        "dice, some elements masked, weighted",
        dl.dice,
        BITS,
        CHANCES,
        lambda p: (overlap(p * torch_of(KEPT), 0.5, 0.5, 0.5, KEPT) * torch_of(WEIGHT[:4])).mean(),
        {"smooth": 1.0, "mask": KEPT, "sample_weight": WEIGHT[:4]},
    ),
    Case("tversky", dl.tversky, BITS, CHANCES, lambda p: overlap(p, 0.5, 0.5, 1e-7).mean()),
    Case(
        "tversky, weighed",
        dl.tversky,
        BITS,
        CHANCES,
        lambda p: overlap(p, 0.3, 0.7, 1e-7)[[0, 2]].mean(),
        {"alpha": 0.3, "beta": 0.7, "mask": np.array([True, False, True, False])},
    ),
    Case(
        "cosine",
        dl.cosine_distance,
        REAL,
        OUTPUT,
        lambda p: (1 - F.cosine_similarity(p, torch_of(REAL), dim=-1)).mean(),
    ),
    Case("circle", dl.circle, np.array([0, 1, 1, 0, 2, 1]), LOGITS, circle_of),
    Case(
        "circle, masked",
        dl.circle,
        np.array([0, 1, 1, 0, 2, 1]),
        LOGITS,
        lambda p: circle_of(p[:4], 8.0, 0.25),
        {"gamma": 8.0, "margin": 0.25, "mask": np.arange(6) < 4},
    ),
    Case("ctc", dl.ctc, SPOKEN, SOUNDS, lambda p: ctc_of(p, [5, 5, 5], [3, 2, 0]).mean()),
    Case(
        "ctc, shorter inputs, weighted",
        dl.ctc,
        SPOKEN,
        SOUNDS,
        lambda p: (ctc_of(p, [5, 3, 4], [3, 2, 0]) * torch_of(WEIGHT[:3])).mean(),
        {"mask": np.arange(5) < np.array([[5], [3], [4]]), "sample_weight": WEIGHT[:3]},
    ),
    Case(
        "ctc, lengths given, last class blank",
        dl.ctc,
        np.array([[0, 1, 1], [2, 0, 0], [1, 2, 3]]),
        SOUNDS,
        lambda p: F.ctc_loss(
            F.log_softmax(p, -1).transpose(0, 1),
            torch.tensor([[0, 1, 1], [2, 0, 0], [1, 2, 3]]),
            torch.tensor([4, 5, 5]),
            torch.tensor([3, 1, 3]),
            blank=4,
            reduction="sum",
        ),
        {
            "label_lengths": np.array([3, 1, 3]),
            "input_lengths": np.array([4, 5, 5]),
            "blank": 4,
            "reduction": "sum",
        },
    ),
    Case(
        "ctc, probabilities predicted",
        dl.ctc,
        np.array([[1, 1], [2, 0], [1, 2]]),
        CHOICES,
        lambda p: -torch.log(chance_of(p, [[1, 1], [2], [1, 2]])).sum(),
        {"from_logits": False, "reduction": "sum"},
    ),
]

#: Every loss of the table.
FUNCTIONS = {case.loss for case in CASES}

#: Keras's losses on one float64 batch: ours, its name and options, our options, targets and
#: predictions.
KERAS = [
    (dl.cross_entropy, "SparseCategoricalCrossentropy", {"from_logits": True}, {}, LABELS, LOGITS),
    (dl.cross_entropy, "CategoricalCrossentropy", {"from_logits": True}, {}, SOFT, LOGITS),
    (
        dl.cross_entropy,
        "CategoricalCrossentropy",
        {"from_logits": True, "label_smoothing": 0.1},
        {"label_smoothing": 0.1},
        SOFT,
        LOGITS,
    ),
    (dl.binary_cross_entropy, "BinaryCrossentropy", {"from_logits": True}, {}, BITS, OUTPUT),
    (
        dl.binary_cross_entropy,
        "BinaryCrossentropy",
        {"from_logits": True, "label_smoothing": 0.1},
        {"label_smoothing": 0.1},
        BITS,
        OUTPUT,
    ),
    (
        dl.binary_focal_cross_entropy,
        "BinaryFocalCrossentropy",
        {"from_logits": True, "apply_class_balancing": True},
        {},
        BITS,
        OUTPUT,
    ),
    (
        dl.focal_cross_entropy,
        "CategoricalFocalCrossentropy",
        {"from_logits": True},
        {},
        ONE_HOT,
        LOGITS,
    ),
    (
        dl.generalized_cross_entropy,
        "CategoricalGeneralizedCrossEntropy",
        {"q": 0.7},
        {"from_logits": False},
        LABELS,
        PROBABILITIES,
    ),
    (dl.huber, "Huber", {"delta": 0.5}, {"delta": 0.5}, REAL, OUTPUT),
    (dl.log_cosh, "LogCosh", {}, {}, REAL, OUTPUT),
    (dl.mae, "MeanAbsoluteError", {}, {}, REAL, OUTPUT),
    (dl.mape, "MeanAbsolutePercentageError", {}, {}, REAL, OUTPUT),
    (dl.mse, "MeanSquaredError", {}, {}, REAL, OUTPUT),
    (dl.msle, "MeanSquaredLogarithmicError", {}, {}, COUNTS, RATES),
    (dl.hinge, "Hinge", {}, {}, BITS, OUTPUT),
    (dl.squared_hinge, "SquaredHinge", {}, {}, BITS, OUTPUT),
    (dl.categorical_hinge, "CategoricalHinge", {}, {}, ONE_HOT, np.abs(LOGITS)),
    (dl.kl_divergence, "KLDivergence", {}, {"from_logits": False}, SOFT, PROBABILITIES),
    (dl.poisson, "Poisson", {}, {"log_input": False}, COUNTS, RATES),
    (dl.dice, "Dice", {"axis": (1,)}, {"smooth": 0.0}, BITS, CHANCES),
    (
        dl.tversky,
        "Tversky",
        {"alpha": 0.7, "beta": 0.3, "axis": (1,)},  # Keras has the two the other way round
        {"alpha": 0.3, "beta": 0.7, "smooth": 0.0},
        BITS,
        CHANCES,
    ),
    (dl.circle, "Circle", {}, {}, np.array([0, 1, 1, 0, 1, 1]), UNIT),
    (dl.ctc, "CTC", {}, {}, SPOKEN[:2], SOUNDS[:2]),
]
