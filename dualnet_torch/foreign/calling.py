"""How a layer of PyTorch is run by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from dualnet.protocols.foreign import Rule

#: What a reader finds: kind, hyperparameters, rules, and what differs from a plain layer.
Found = tuple[str, dict[str, Any], tuple[Rule, ...], dict[str, Any]]


def call(module: Any) -> Callable[..., Mapping[str, Tensor]]:
    def run(training: bool, *args: Any, **kwargs: Any) -> Mapping[str, Tensor]:
        module.train(training)
        result = module(*args, **kwargs)
        return {"output": result[0] if isinstance(result, (tuple, list)) else result}

    return run
