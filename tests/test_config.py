"""Definitions as values: construction, equality, text, configuration."""

from __future__ import annotations

import gc
import json
import sys
import weakref

import pytest

import dualnet as dn
from dualnet import nn, optim
from dualnet.config import Configurable, class_name, decode, encode, known


class Block(nn.Layer):
    """A layer of the tests."""

    width: int
    parts: tuple[nn.Layer, ...] = ()
    named: dict[str, nn.Layer] | None = None

    def forward(self, x):
        return x


VALUES = [
    nn.Dense(3, activation="relu"),
    nn.Sequential(nn.Dense(3), nn.Dropout(0.5), nn.Dense(1)),
    Block(2, (nn.Dense(1), nn.Dense(1)), {"a": nn.Flatten()}),
    optim.Adam(1e-3, weight_decay=0.1),
    dn.initializers.GlorotUniform(),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_round_trip_through_json(value: Configurable) -> None:
    config = json.loads(json.dumps(value.to_config()))
    again = type(value).from_config(config)
    assert again == value
    assert repr(again) == repr(value)


def test_sharing_survives_the_round_trip() -> None:
    shared = nn.Dense(3)
    net = nn.Sequential(shared, nn.Dense(3), shared)
    again = nn.Sequential.from_config(net.to_config())
    assert again.layers[0] is again.layers[2]
    assert again.layers[0] is not again.layers[1]


def test_values_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match="units"):
        nn.Dense(3).units = 4  # type: ignore[misc] - what the test is about


def test_replace_gives_a_new_value() -> None:
    dense = nn.Dense(3)
    assert dense.replace(units=4) == nn.Dense(4)
    assert dense == nn.Dense(3)


@pytest.mark.parametrize(
    ("data", "error", "text"),
    [
        ({"class": "nn.Dence", "config": {}}, dn.UnknownName, "did you mean 'nn.Dense'"),
        ({"class": "nn.Dense", "config": {"units": 3, "colour": 1}}, dn.ConfigError, "colour"),
        ({"class": "nn.Dense", "config": {}}, dn.ConfigError, "needs 'units'"),
        ({"klass": "nn.Dense"}, dn.ConfigError, "klass"),
        ({"ref": 7}, dn.ConfigError, "reference 7"),
        ({"class": "optim.Adam", "config": {}}, dn.ConfigError, "not a Layer"),
    ],
)
def test_bad_configurations(data: dict, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        nn.Layer.from_config(data)


def test_names_are_unique() -> None:
    ours = [cls for cls in known(Configurable) if cls.__module__.startswith("dualnet.")]
    ours = [cls for cls in ours if vars(sys.modules[cls.__module__]).get(cls.__name__) is cls]
    names = [class_name(cls) for cls in ours]
    assert len(names) == len(set(names))


def test_a_class_that_is_replaced_goes() -> None:
    class Replaced(nn.Layer):
        width: int = 1

    with pytest.raises(dn.ConfigError, match="width must be an int"):
        Replaced("2")  # type: ignore[arg-type]  # the mistake
    Replaced(2)
    gone = weakref.ref(Replaced)
    del Replaced
    gc.collect()
    assert gone() is None


def test_code_is_not_written() -> None:
    with pytest.raises(dn.ConfigError, match="is code"):
        encode(nn.Native(torch=lambda: None))


def test_lists_come_back_as_tuples() -> None:
    assert decode(encode([1, (2, [3])])) == (1, (2, (3,)))
