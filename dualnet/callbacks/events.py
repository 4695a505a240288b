"""Event files as TensorBoard reads them: records with checksums, of protobuf messages.

The few messages that are needed are written here by their wire format (field numbers of
``tensorflow/core/util/event.proto``, ``framework/summary.proto`` and ``tensor.proto``), since
no light library writes them: ``tensorboard`` brings gRPC and a server.
"""

from __future__ import annotations

import itertools
import os
import socket
import struct
import time
from pathlib import Path
from typing import BinaryIO

import numpy as np

from dualnet.callbacks.crc32c import masked
from dualnet.typing import NDArray

__all__ = ["EventFile"]

#: Buckets of a histogram.
BUCKETS = 30
#: TensorFlow's number for tensors of strings.
DT_STRING = 7


class EventFile:
    """One file of events, to which whole records are appended.

    A crash loses what was not flushed and at most cuts the last record short, which readers
    leave out.

    Args:
        folder: where the file is made, under a name of its own.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = _new_file(folder)
        self._write(_text(3, "brain.Event:2"))

    def scalar(self, tag: str, value: float, step: int) -> None:
        """A number, rounded to float32 as the format has it."""
        self._summary(tag, step, _float(2, value))

    def text(self, tag: str, text: str, step: int) -> None:
        """Markdown."""
        one_text = _message(2, _message(2, _varint(1, 1)))
        tensor = _varint(1, DT_STRING) + one_text + _text(8, text)
        metadata = _message(1, _text(1, "text"))
        self._summary(f"{tag}/text_summary", step, _message(8, tensor) + _message(9, metadata))

    def histogram(self, tag: str, values: NDArray, step: int) -> None:
        """How the finite ones among some numbers are spread; nothing where there are none."""
        finite = np.asarray(values, np.float64)[np.isfinite(values)]
        if finite.size:
            self._summary(tag, step, _message(5, _histogram(finite)))

    def flush(self) -> None:
        """Hands what is written to the operating system."""
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def _summary(self, tag: str, step: int, value: bytes) -> None:
        summary = _message(1, _text(1, tag) + value)
        self._write(_varint(2, step) + _message(5, summary))

    def _write(self, content: bytes) -> None:
        event = _double(1, time.time()) + content
        length = struct.pack("<Q", len(event))
        self._file.write(length + _checksum(length) + event + _checksum(event))


def _new_file(folder: Path) -> BinaryIO:
    """A file whose name sorts by time; ``tfevents`` in it is what TensorBoard looks for."""
    begun = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}"
    for number in itertools.count():
        try:
            return (folder / f"{begun}.{number}.v2").open("xb")
        except FileExistsError:
            continue
    raise AssertionError("count() does not end")


def _histogram(values: NDArray) -> bytes:
    """``HistogramProto``: moments, right edges of buckets, counts.

    An empty bucket before the others tells where they begin.
    """
    low, high = values.min(), values.max()
    margin = 0.5 if low == high else 0.0
    edges = np.linspace(low - margin, high + margin, BUCKETS + 1)
    counts, _ = np.histogram(values, edges)
    moments = (low, high, values.size, values.sum(), np.square(values).sum())
    numbers = b"".join(_double(place, float(m)) for place, m in enumerate(moments, start=1))
    return numbers + _doubles(6, edges) + _doubles(7, np.concatenate([[0], counts]))


def _checksum(data: bytes) -> bytes:
    return struct.pack("<I", masked(data))


# Fields of a message: a key (number, kind of wire), then the value.


def _number(value: int) -> bytes:
    """Seven bits to a byte, the last byte without the high bit."""
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def _key(field: int, wire: int) -> bytes:
    return _number(field << 3 | wire)


def _varint(field: int, value: int) -> bytes:
    return _key(field, 0) + _number(value)


def _double(field: int, value: float) -> bytes:
    return _key(field, 1) + struct.pack("<d", value)


def _float(field: int, value: float) -> bytes:
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite in it
        return _key(field, 5) + np.array(value, "<f4").tobytes()


def _message(field: int, content: bytes) -> bytes:
    return _key(field, 2) + _number(len(content)) + content


def _text(field: int, text: str) -> bytes:
    return _message(field, text.encode())


def _doubles(field: int, values: NDArray) -> bytes:
    return _message(field, np.asarray(values, "<f8").tobytes())
