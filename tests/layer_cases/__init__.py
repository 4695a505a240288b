"""One row per layer: a definition, its inputs, and what it must compute.

The reference of a row is its formula in float64, written with elementary operations of
PyTorch (sums, products, slices: none of the kernels under test), so that autograd gives the
reference's gradients too.  It takes the weights by name and the inputs, and gives the output,
or the output and the states after a call in training.
"""

from __future__ import annotations

from layer_cases import attention, basic, masked, recurrent, wrapped
from layer_cases.basic import ACTIVATIONS
from layer_cases.case import Case

__all__ = ["ACTIVATIONS", "CASES", "ELSEWHERE", "Case"]

CASES = [
    *basic.CASES,
    *recurrent.CASES,
    *attention.CASES,
    *masked.CASES,
    *wrapped.CASES,
]

#: Public layers without a row here, and the tests that hold them.
ELSEWHERE = {
    "Cell": "abstract",
    "Graph": "tests/test_definitions.py",
    "Lambda": "tests/test_wrapped.py",
    "Layer": "abstract",
    "Masking": "tests/layer_cases/masked.py",
    "Native": "tests/test_layers.py",
}
