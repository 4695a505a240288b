"""Devices on PyTorch."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping

import torch

#: Canonical kinds and PyTorch's names for them.
KINDS = {"gpu": "cuda", "mps": "mps", "cpu": "cpu"}


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


@contextlib.contextmanager
def scope(name: str) -> Iterator[None]:
    # Not `with torch.device(...)`, which puts a Python function before every call of torch.
    kind, index = name.split(":")
    with torch.cuda.device(int(index)) if kind == "gpu" else contextlib.nullcontext():
        yield


def synchronize(name: str) -> None:
    kind, index = name.split(":")
    if kind == "gpu":
        torch.cuda.synchronize(int(index))
    elif kind == "mps":
        torch.mps.synchronize()


def set_precision(mode: str) -> None:
    torch.backends.cuda.matmul.allow_tf32 = mode == "tf32"
    torch.backends.cudnn.allow_tf32 = mode == "tf32"


def deterministic(on: bool) -> None:
    if on:  # cuBLAS reads this when it starts; PyTorch raises if it is missing
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(on)


def describe() -> Mapping[str, str]:
    return {
        "version": str(torch.__version__),
        "threads": str(torch.get_num_threads()),
        "devices": ", ".join(devices()),
    }
