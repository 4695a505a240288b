"""MNIST from files of the user's: Keras's ``mnist.npz``, or the four IDX files."""

from __future__ import annotations

import gzip
import math
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from dualnet.data.datasets import Dataset, unit_images
from dualnet.errors import DataError
from dualnet.typing import NDArray

__all__ = ["load_mnist", "read_idx"]

PARTS = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
SIDE = 28
CLASSES = tuple("0123456789")

IDX_DTYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype("u1"),
    0x09: np.dtype("i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
GZIP_MAGIC = b"\x1f\x8b"
CHUNK = 1 << 20
NUMPY_MAX_RANK = 64


def load_mnist(path: str | os.PathLike[str], *, flat: bool = False) -> Dataset:
    """Handwritten digits of 28 × 28 pixels, 10 classes (LeCun, Cortes & Burges, 1998).

    Args:
        path: a ``.npz`` file with the arrays ``x_train``, ``y_train``, ``x_test`` and
            ``y_test``, as Keras distributes it; or a folder with the four IDX files of
            the original distribution, each as it is or compressed (``.gz``).  Sets of
            the same form, such as Fashion-MNIST, can be read too.
        flat: inputs of shape ``(n, 784)`` in place of ``(n, 28, 28, 1)``.

    Pixels are scaled to ``[0, 1]``.

    Raises:
        DataError: a file is missing, damaged, cut off, or is not MNIST.
    """
    path = Path(path)
    parts = _read_folder(path) if path.is_dir() else _read_npz(path)
    for images, labels in (("x_train", "y_train"), ("x_test", "y_test")):
        _check(path, images, parts[images], labels, parts[labels])
    return Dataset(
        unit_images(parts["x_train"], 255, flat=flat),
        parts["y_train"].astype(np.int64),
        unit_images(parts["x_test"], 255, flat=flat),
        parts["y_test"].astype(np.int64),
        CLASSES,
    )


def read_idx(path: str | os.PathLike[str]) -> NDArray:
    """Reads an IDX file, compressed with gzip or not, into an array of native byte order.

    The format (LeCun's MNIST page): two zero bytes, a byte for the dtype (``08`` uint8,
    ``09`` int8, ``0B`` int16, ``0C`` int32, ``0D`` float32, ``0E`` float64), a byte for
    the rank, each size as 4 bytes, then the values in row-major order; all big-endian.

    Raises:
        DataError: the file is missing, damaged, longer or shorter than it says, or is
            not an IDX file.
    """
    path = Path(path)
    try:
        with path.open("rb") as raw:
            compressed = raw.read(2) == GZIP_MAGIC
            raw.seek(0)
            with gzip.open(raw) if compressed else raw as stream:
                return _parse_idx(path, stream)  # type: ignore[arg-type] # GzipFile reads as a BinaryIO does
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _parse_idx(path: Path, stream: BinaryIO) -> NDArray:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in IDX_DTYPES:
        raise DataError(
            f"{path} is not an IDX file: it begins with {magic.hex(' ') or 'nothing'}, "
            "not with 00 00, a dtype (08 09 0b 0c 0d 0e) and a rank"
        )
    dtype, rank = IDX_DTYPES[magic[2]], magic[3]
    sizes = stream.read(4 * rank)
    if len(sizes) < 4 * rank or rank > NUMPY_MAX_RANK:
        raise DataError(f"{path} is damaged: its header has no {rank} sizes")
    shape = tuple(int(size) for size in np.frombuffer(sizes, ">u4"))
    wanted = math.prod(shape) * dtype.itemsize
    values = _read_up_to(stream, wanted + 1)
    if len(values) != wanted:
        what = "is cut off" if len(values) < wanted else "goes on after its values"
        raise DataError(
            f"{path} {what}: shape {shape} of {dtype.name} takes {wanted} bytes, "
            f"got {'more' if len(values) > wanted else len(values)}; fetch the file again"
        )
    return np.frombuffer(values, dtype).reshape(shape).astype(dtype.newbyteorder("="))


def _read_up_to(stream: BinaryIO, count: int) -> bytes:
    """At most ``count`` bytes, a chunk at a time: a header that lies asks for no memory."""
    chunks = []
    while count > 0 and (chunk := stream.read(min(count, CHUNK))):
        chunks.append(chunk)
        count -= len(chunk)
    return b"".join(chunks)


def _read_folder(folder: Path) -> dict[str, NDArray]:
    return {part: read_idx(_existing(folder, name)) for part, name in PARTS.items()}


def _existing(folder: Path, name: str) -> Path:
    dotted = name.replace("-idx", ".idx")  # as some mirrors name them
    for candidate in (name, f"{name}.gz", dotted, f"{dotted}.gz"):
        if (folder / candidate).is_file():
            return folder / candidate
    raise DataError(
        f"{folder} has no file {name} (or {name}.gz); an MNIST folder has "
        f"{', '.join(PARTS.values())}"
    )


def _read_npz(path: Path) -> dict[str, NDArray]:
    if not zipfile.is_zipfile(path):
        what = "is not an .npz archive" if path.exists() else "does not exist"
        raise DataError(
            f"{path} {what}; give Keras's mnist.npz, or a folder with the IDX files "
            f"{', '.join(PARTS.values())}"
        )
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {part: archive[part] for part in PARTS}
    except KeyError as error:
        raise DataError(f"{path} has no array {error}; it needs {', '.join(PARTS)}") from error
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _check(path: Path, x_name: str, images: NDArray, y_name: str, labels: NDArray) -> None:
    if images.dtype != np.uint8 or images.shape[1:] != (SIDE, SIDE):
        raise DataError(
            f"{path}: {x_name} must be uint8 of shape (n, {SIDE}, {SIDE}), "
            f"got {images.dtype} of shape {images.shape}"
        )
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataError(
            f"{path}: {y_name} must be integers of shape (n,), "
            f"got {labels.dtype} of shape {labels.shape}"
        )
    if len(images) != len(labels):
        raise DataError(f"{path}: {x_name} has {len(images)} images, {y_name} {len(labels)} labels")
    if len(images) == 0:
        raise DataError(f"{path}: {x_name} has no images")
    if labels.min() < 0 or labels.max() >= len(CLASSES):
        raise DataError(
            f"{path}: {y_name} goes from {labels.min()} to {labels.max()}, "
            f"labels are 0 to {len(CLASSES) - 1}"
        )
