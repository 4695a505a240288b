"""Native modules on PyTorch."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch

from dualnet.nn.layer import Thawed
from dualnet.typing import DtypeName, NDArray
from dualnet_torch.state import DTYPES, from_numpy


class Module(torch.nn.Module, Thawed):
    """Base of every materialised layer; ``forward`` comes from the definition."""

    _path: str = ""


def attach(parent: Any, name: str, child: Any, /) -> None:
    setattr(parent, name, child)
    if hasattr(type(parent), name):  # a field's default, which PyTorch would find before the child
        parent.__dict__[name] = child


def container(children: dict[str, Any], /, *, ordered: bool) -> Any:
    if ordered:
        return torch.nn.ModuleList(children.values())
    return torch.nn.ModuleDict(children)


def add_variable(
    module: Any,
    name: str,
    value: NDArray,
    /,
    *,
    path: str,
    dtype: DtypeName,
    device: torch.device,
    trainable: bool,
    state: bool,
) -> torch.Tensor:
    tensor = from_numpy(value, dtype=dtype, device=device)
    if name.endswith("kernel"):
        tensor = _outputs_first(tensor)
    if state:
        module.register_buffer(name, tensor)
    else:
        module.register_parameter(name, torch.nn.Parameter(tensor, requires_grad=trainable))
    return getattr(module, name)


def _outputs_first(kernel: torch.Tensor) -> torch.Tensor:
    """The kernel, whose last axis is the first one in memory.

    It keeps its shape, ``(in, out)`` or ``(*spatial, in, out)``; what PyTorch's kernels are given
    is then contiguous or in channels-last order, and its gradient comes in the same order.
    """
    return kernel.movedim(-1, 0).contiguous().movedim(0, -1)


def own(module: Any, /) -> dict[str, torch.Tensor]:
    return {**module._parameters, **module._buffers}


def with_weights(module: Any, weights: dict[str, torch.Tensor], /) -> Any:
    copy = object.__new__(type(module))
    held = {**module._parameters, **weights}
    copy.__dict__.update({**module.__dict__, "_parameters": held})
    return copy


def reading_as(module: Any, dtype: DtypeName, /) -> Any:
    wide = module._parameters.items()
    return with_weights(module, {name: weight.to(DTYPES[dtype]) for name, weight in wide})


def adopt(native: Any, /, *, device: torch.device) -> Any:
    module = native if isinstance(native, torch.nn.Module) else native()
    return module.to(device)


def modules(module: Any, /) -> Iterator[tuple[str, Any]]:
    return module.named_modules()


def variables(module: Any, /) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = {}
    for path, part in module.named_modules():
        own = [*part.named_parameters(recurse=False), *part.named_buffers(recurse=False)]
        found.update({f"{path}.{name}" if path else name: tensor for name, tensor in own})
    return found


def states(module: Any, /) -> set[str]:
    return {name for name, _ in module.named_buffers()}


def is_trainable(variable: torch.Tensor, /) -> bool:
    return variable.requires_grad


def set_training(module: Any, training: bool, /) -> None:
    if module.training is not training:
        module.train(training)


@contextlib.contextmanager
def watch_outputs(module: Any, callback: Callable[[str, Any, Any, Any], None], /) -> Iterator[None]:
    hooks = [
        part.register_forward_hook(
            lambda _, *call, path=path: callback(path, *call), with_kwargs=True
        )
        for path, part in module.named_modules()
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
