"""Parity as an assertion of a test, and a plugin for pytest that runs it everywhere.

==========================  ====================================================
``assert_parity``           one of the three below, by what it is given
``assert_function_parity``  a function of tensors: its value and its derivatives
``assert_network_parity``   a network in training
``assert_model_parity``     two models written by hand, one on each framework
==========================  ====================================================

Under pytest, with the plugin that comes with dualnet, an assertion takes the backends, dtype
and seed from the command line, tells in a failure how to replay it, and where only one framework
is installed holds that one to a reference written elsewhere; ``docs/testing.md`` has the whole.
"""

from __future__ import annotations

from dualnet.testing.assertions import (
    assert_function_parity,
    assert_model_parity,
    assert_network_parity,
    assert_parity,
)

__all__ = [
    "assert_function_parity",
    "assert_model_parity",
    "assert_network_parity",
    "assert_parity",
]
