"""Whatever is wrong is said before anything is computed: hyperparameters, and arguments of ops."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from layer_cases import CASES as LAYERS

from dualnet import Model, initializers, losses, nn, registry
from dualnet.config import Configurable
from dualnet.errors import ConfigError, DualnetError, ForeignTensorError, ShapeError, UnknownName
from dualnet.nn import Dense, Dropout, Sequential
from tests import metric_cases, optim_cases, schedule_cases
from tests import test_constraints as constraints
from tests import test_regularizers as regularizers
from tests.test_ops import ROWS, the_function

#: One value of each public class of definitions, from the tables.
VALUES: dict[type, Any] = {
    type(value): value
    for value in [
        *(case.layer for case in LAYERS),
        *(case.metric for case in metric_cases.CASES),
        *(course.rule for course in optim_cases.COURSES),
        *(case.schedule for case in schedule_cases.CASES),
        *(ours for ours, _ in (*constraints.SAME, *regularizers.SAME)),
        *(kind() for kind in dict.fromkeys(losses.NAMES.values())),
        *(initializers.get(name) for name in initializers.NAMES),
    ]
}
EVERY_CLASS = pytest.mark.parametrize("value", VALUES.values(), ids=lambda v: type(v).__name__)

#: Fields of which any value is right.
OPEN = {("Constant", "value"), ("Lambda", "arguments")}


@EVERY_CLASS
def test_no_hyperparameter_takes_just_anything(value: Configurable) -> None:
    for field in dataclasses.fields(value):  # type: ignore[arg-type]  # every definition is one
        if (type(value).__name__, field.name) not in OPEN:
            with pytest.raises(DualnetError):
                value.replace(**{field.name: object()})


@EVERY_CLASS
def test_a_number_is_a_number(value: Configurable) -> None:
    for name, held in value.fields().items():
        if type(held) is float:
            for wrong in (math.nan, "0.5", True):
                with pytest.raises(ConfigError, match=f"{name}"):
                    value.replace(**{name: wrong})


@EVERY_CLASS
def test_a_switch_is_a_bool(value: Configurable) -> None:
    for name, held in value.fields().items():
        if type(held) is bool:
            with pytest.raises(ConfigError, match=rf"{name} must be a bool, got 'yes'"):
                value.replace(**{name: "yes"})


def test_the_error_says_what_was_wanted() -> None:
    with pytest.raises(ConfigError, match=r"^Dense: use_bias must be a bool, got 1$"):
        Dense(3, use_bias=1)  # type: ignore[arg-type]  # the mistake
    with pytest.raises(ConfigError, match=r"^Dense: trainable must be a bool, got None$"):
        Dense(3, trainable=None)  # type: ignore[arg-type]  # the mistake
    with pytest.raises(ConfigError, match=r"seed must be an int or None, got 0\.5"):
        Dropout(0.5, seed=0.5)  # type: ignore[arg-type]  # the mistake


def test_a_copy_of_a_container_with_another_name() -> None:
    net = Sequential(Dense(3), Dense(2), name="head")
    other = net.replace(name="tail")
    assert (other.name, other.layers) == ("tail", net.layers)
    with pytest.raises(UnknownName, match="unknown hyperparameter of Sequential 'nam'; did you"):
        net.replace(nam="tail")


ONE_PER_FUNCTION = {row.name: row for row in reversed(ROWS)}.values()


@pytest.mark.parametrize("row", ONE_PER_FUNCTION, ids=lambda row: row.name)
def test_an_array_function_refuses_what_is_no_tensor(row: Any, both: tuple[str, str]) -> None:
    places = [i for i, value in enumerate(row.args) if isinstance(value, np.ndarray)]
    if not places:
        return
    for name in both:
        native = registry.load(name).state.from_numpy
        given = [native(v) if isinstance(v, np.ndarray) else v for v in row.args]
        options = {k: native(v) if isinstance(v, np.ndarray) else v for k, v in row.kwargs.items()}
        given[places[0]] = "text"
        with pytest.raises((DualnetError, TypeError)):
            the_function(row)(*given, **options)


@pytest.mark.parametrize(
    "row",
    [row for row in ONE_PER_FUNCTION if sum(isinstance(v, np.ndarray) for v in row.args) > 1],
    ids=lambda row: row.name,
)
def test_tensors_of_two_frameworks_do_not_mix(row: Any, both: tuple[str, str]) -> None:
    one, other = (registry.load(name).state.from_numpy for name in both)
    turns = iter([one, *[other] * len(row.args)])
    given = [next(turns)(v) if isinstance(v, np.ndarray) else v for v in row.args]
    with pytest.raises((ForeignTensorError, DualnetError, TypeError)):
        the_function(row)(*given, **{k: v for k, v in row.kwargs.items() if k != "mask"})


@pytest.mark.parametrize("features", [5, 1])
@pytest.mark.parametrize(
    "layer",
    [
        nn.BatchNorm(),
        nn.Conv2D(3, 3),
        nn.Conv2DTranspose(3, 3),
        nn.Dense(3),
        nn.DepthwiseConv2D(3),
        nn.GroupNorm(2),
        nn.InstanceNorm(),
        nn.LayerNorm(),
        nn.PReLU(),
        nn.RMSNorm(),
    ],
    ids=repr,
)
def test_inputs_of_other_features_than_the_weights(
    layer: nn.Layer, features: int, backend: str
) -> None:
    """Kernels refuse them in words and by errors of their own, or spread a single one."""
    model = Model(layer, (6, 6, 2), backend=backend)
    with pytest.raises(ShapeError):
        model(np.ones((2, 6, 6, features), "float32"))
