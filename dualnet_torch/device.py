"""Devices on PyTorch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

import torch

#: Canonical kinds and PyTorch's names for them.
KINDS = {"gpu": "cuda", "mps": "mps", "cpu": "cpu"}
#: Whether matrix products and convolutions use TF32; PyTorch starts with the last.
PRECISIONS = {
    "highest": (False, False),
    "tf32": (True, True),
    "tf32 in products": (True, False),
    "tf32 in convolutions": (False, True),
}


def devices() -> tuple[str, ...]:
    gpus = tuple(f"gpu:{i}" for i in range(torch.cuda.device_count()))
    mps = ("mps:0",) if torch.backends.mps.is_available() else ()
    return (*gpus, *mps, "cpu:0")


def native(name: str) -> torch.device:
    kind, index = name.split(":")
    return torch.device(KINDS[kind], int(index)) if kind != "cpu" else torch.device("cpu")


def device_of(tensor: torch.Tensor) -> str:
    kind = next(ours for ours, theirs in KINDS.items() if theirs == tensor.device.type)
    return f"{kind}:{tensor.device.index or 0}"


def checks_indices(tensor: torch.Tensor) -> bool:
    return tensor.device.type == "cpu"


def scope(name: str) -> AbstractContextManager[None]:
    # Not `with torch.device(...)`, which puts a Python function before every call of torch.
    kind, index = name.split(":")
    return torch.cuda.device(int(index)) if kind == "gpu" else nullcontext()


def set_precision(mode: str) -> None:
    products, convolutions = PRECISIONS[mode]
    torch.backends.cuda.matmul.allow_tf32 = products
    torch.backends.cudnn.allow_tf32 = convolutions


def precision() -> str:
    products, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    if hasattr(cudnn, "conv"):  # where a program sets these, reading `allow_tf32` is an error
        found = (products.fp32_precision == "tf32", cudnn.conv.fp32_precision == "tf32")
    else:
        found = (products.allow_tf32, cudnn.allow_tf32)
    return next(mode for mode, switches in PRECISIONS.items() if switches == found)


def flush_denormals(on: bool) -> None:
    torch.set_flush_denormal(on)


def flushes_denormals() -> bool:
    return bool(torch.tensor(torch.finfo(torch.float32).tiny) / 2 == 0)


def deterministic(on: bool) -> None:
    if on:  # cuBLAS reads this when it starts; PyTorch raises if it is missing
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(on)


def is_deterministic() -> bool:
    return torch.are_deterministic_algorithms_enabled()


def describe() -> Mapping[str, str]:
    return {
        "version": str(torch.__version__),
        "threads": str(torch.get_num_threads()),
        "devices": ", ".join(devices()),
    }
