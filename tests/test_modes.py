"""Switches for the process: they reach loaded backends now and others when they load."""

from __future__ import annotations

import subprocess
import sys

import pytest
import tensorflow as tf
import torch
from tensorflow.python.framework import config

import dualnet as dn
from dualnet.errors import ConfigError


def states():
    return torch.are_deterministic_algorithms_enabled(), config.is_op_determinism_enabled()


@pytest.fixture(autouse=True)
def back(both):
    yield
    dn.deterministic(False)
    dn.set_precision("highest")


def test_deterministic_as_a_call():
    dn.deterministic()
    assert states() == (True, True)
    dn.deterministic(False)
    assert states() == (False, False)


def test_deterministic_as_a_block():
    with dn.deterministic():
        assert states() == (True, True)
        with dn.deterministic(False):
            assert states() == (False, False)
        assert states() == (True, True)
    assert states() == (False, False)


def test_deterministic_ends_with_an_error():
    with pytest.raises(ZeroDivisionError), dn.deterministic():
        1 / 0  # noqa: B018 - the error is the point
    assert states() == (False, False)


def test_precision():
    for mode, wanted in (("tf32", True), ("highest", False)):
        dn.set_precision(mode)
        assert torch.backends.cuda.matmul.allow_tf32 is wanted
        assert torch.backends.cudnn.allow_tf32 is wanted
        assert tf.config.experimental.tensor_float_32_execution_enabled() is wanted
    with pytest.raises(ConfigError, match="precision 'fast'; choose one of highest, tf32"):
        dn.set_precision("fast")


def test_a_backend_that_loads_later_is_switched_too():
    code = """
import dualnet as dn
dn.deterministic()
dn.set_precision("tf32")
dn.registry.load("torch")
import torch
print(torch.are_deterministic_algorithms_enabled(), torch.backends.cuda.matmul.allow_tf32)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["True", "True"]
