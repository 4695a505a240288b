"""Switches for the process: they reach loaded backends now and others when they load."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
import torch
from tensorflow.python.framework import config

import dualnet as dn
from dualnet import nn
from dualnet.errors import ConfigError
from dualnet.modes import flushed_denormals, full_precision


def states():
    return torch.are_deterministic_algorithms_enabled(), config.is_op_determinism_enabled()


def precisions():
    return (
        torch.backends.cuda.matmul.allow_tf32,
        torch.backends.cudnn.allow_tf32,
        tf.config.experimental.tensor_float_32_execution_enabled(),
    )


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


def test_a_block_gives_back_what_the_program_had_chosen_by_itself():
    torch.use_deterministic_algorithms(True)
    torch.backends.cuda.matmul.allow_tf32 = False  # PyTorch's own default: convolutions only
    torch.backends.cudnn.allow_tf32 = True
    tf.config.experimental.enable_tensor_float_32_execution(True)
    with dn.deterministic(False), full_precision():
        assert states() == (False, False)
        assert precisions() == (False, False, False)
    assert states() == (True, False)
    assert precisions() == (False, True, True)


@pytest.mark.parametrize("before", [False, True])
def test_denormals_are_zero_on_both_inside_a_block_alone(before):
    small = np.full(3, 1e-40, "float32")
    torch.set_flush_denormal(before)
    try:
        with flushed_denormals():
            assert not (torch.from_numpy(small) * 0.5).any()
            assert not (tf.constant(small) * 0.5).numpy().any()
        assert bool((torch.from_numpy(small) * 0.5).any()) is not before
    finally:
        torch.set_flush_denormal(False)


@pytest.mark.parametrize("products", [False, True])
@pytest.mark.parametrize("convolutions", [False, True])
def test_every_precision_of_pytorch_is_read_and_set(products, convolutions):
    torch.backends.cuda.matmul.allow_tf32 = products
    torch.backends.cudnn.allow_tf32 = convolutions
    with full_precision():
        assert precisions()[:2] == (False, False)
    assert precisions()[:2] == (products, convolutions)


def test_a_comparison_leaves_precision_as_it_was():
    tf.config.experimental.enable_tensor_float_32_execution(True)
    torch.backends.cudnn.allow_tf32 = True
    x = np.ones((4, 2))
    dn.compare(nn.Sequential(nn.Dense(1)), x, x[:, :1], loss="mse", optimizer="sgd", steps=1)
    assert precisions() == (False, True, True)


def test_a_backend_that_loads_inside_a_block_ends_in_the_mode_around_it():
    code = """
import dualnet as dn
import torch
torch.use_deterministic_algorithms(True)
with dn.deterministic(False):
    dn.registry.load("torch")
    print(torch.are_deterministic_algorithms_enabled())
print(torch.are_deterministic_algorithms_enabled())
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "True"]
    inside = code.replace("with dn", "dn.deterministic(False)\nwith dn").replace("(False):", "():")
    run = subprocess.run([sys.executable, "-c", inside], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["True", "False"]


def test_a_backend_that_loads_later_later_is_switched_too():
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
