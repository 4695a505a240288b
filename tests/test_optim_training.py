"""What surrounds a rule, taken together: loss scale, accumulation, clipping, averages, decay."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from optim_runs import PATHS, SHAPES, Run, assert_close, first_values, full, gradient_stream

import dualnet as dn
from dualnet import optim

SCALE, GROWTH, CALLS, LIMIT, AVERAGE = 8.0, 3, 2, 1.0, 0.75
RULE = optim.AdamW(
    0.05,
    weight_decay=0.1,
    no_decay=("*.bias",),
    global_clipnorm=LIMIT,
    accumulate=CALLS,
    ema=AVERAGE,
    loss_scale=optim.LossScale(SCALE, GROWTH),
)
#: The calls whose gradients overflow.
OVERFLOWING = (3, 8)


def _rows() -> list[list[np.ndarray]]:
    return full(gradient_stream())[10:24]


def _by_hand() -> tuple[list[np.ndarray], list[np.ndarray], list[float]]:
    """The loop as it is written in PyTorch: weights, averages, and the scale of each call."""
    parameters = [torch.nn.Parameter(torch.tensor(value)) for value in first_values()]
    spared = [p for p, path in zip(parameters, PATHS, strict=True) if path.endswith(".bias")]
    others = [p for p, path in zip(parameters, PATHS, strict=True) if not path.endswith(".bias")]
    groups = [{"params": others}, {"params": spared, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=0.05, weight_decay=0.1)
    averages = [p.detach().clone() for p in parameters]
    sums, scale, good, scales = [torch.zeros_like(p) for p in parameters], SCALE, 0, []
    for call, row in enumerate(_rows()):
        scales.append(scale)
        if call in OVERFLOWING:
            scale, good = scale / 2, 0
        else:
            for held, g in zip(sums, row, strict=True):
                held += torch.tensor(g * scales[-1]) / scales[-1] / CALLS
            good += 1
            if good == GROWTH:
                scale, good = scale * 2, 0
        if call % CALLS != CALLS - 1:
            continue
        norm = torch.sqrt(sum((held**2).sum() for held in sums))
        for parameter, held in zip(parameters, sums, strict=True):
            parameter.grad = held * LIMIT / max(norm, torch.tensor(LIMIT))
        optimizer.step()
        with torch.no_grad():
            for average, parameter in zip(averages, parameters, strict=True):
                average.mul_(AVERAGE).add_((1 - AVERAGE) * parameter)
        sums = [torch.zeros_like(p) for p in parameters]
    return [p.detach().numpy() for p in parameters], [a.numpy() for a in averages], scales


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_all_together_equal_a_loop_written_by_hand(compiled: bool, backend: str) -> None:
    weights, averages, scales = _by_hand()
    run = Run(backend, RULE)
    if compiled:
        run.compiled(run.bound.apply_scaled)
    apply = run.apply if compiled else run.bound.apply_scaled
    one = run.backend.state.from_numpy(np.array(1.0))
    for call, row in enumerate(_rows()):
        scale = float(run.backend.state.to_numpy(run.bound.scaled(one)))
        assert scale == scales[call]
        bad = np.inf if call in OVERFLOWING else 1.0
        apply(run.tensors([g * scale * bad for g in row]))
    assert_close(run.values(), weights, 1e-13)  # rounding of 7 updates, divided by small roots
    with run.bound.averaged():
        assert_close(run.values(), averages, 1e-13)  # the same
    assert (run.bound.step, run.bound.skipped) == (len(_rows()) // CALLS, 0)


def test_rows_have_what_they_are_for() -> None:
    norms = [np.sqrt(sum(np.sum(g**2) for g in row)) for row in _rows()]
    assert min(norms) < LIMIT < max(norms)
    assert [len(shape) for shape in SHAPES] == [2, 1, 0]


def test_a_comparison_scales_the_loss_of_mixed_float16_as_fit_does() -> None:
    """The gradient, 2e-8, is less than half of the smallest float16: unscaled it is zero."""
    net = dn.nn.Dense(1, use_bias=False, kernel_initializer="ones")
    x = np.array([[1e-4, 1e-4]])
    y = x.astype("float16").astype("float64").sum(1, keepdims=True) - 1e-4
    options = {"loss": "mse", "optimizer": optim.SGD(1e4), "epochs": 3, "batch_size": 1}
    report = dn.compare(
        net, x, y, dtype="mixed_float16", backends=("torch", "tensorflow"), **options
    )
    assert report.verdict in ("identical", "agree"), str(report)
    for backend, history in report.history.items():
        model = dn.Model(net, input_shape=(2,), backend=backend, dtype="mixed_float16")
        model.compile(optim.SGD(1e4), "mse")
        fitted = model.fit(x, y, batch_size=1, epochs=3, verbose=0)
        assert history["loss"] == fitted["loss"]
        assert fitted["loss"][2] < fitted["loss"][0]
