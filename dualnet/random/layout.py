"""How a stream is addressed and how its words become values: the rules all backends share.

Every index ``n`` of a stream owns 64 random bits.  The high half is word ``n``; the low
half is word ``LOW_HALF + n``, from the second half of the same step's counter space, and
is computed only where it is needed.  A uniform number of a dtype with ``p`` significant
bits is the top ``p`` of the 64, so the same draw in a narrower dtype is the wider one cut
off::

    float32 (p = 24)   u = (w[n] >> 8) · 2⁻²⁴
    float64 (p = 53)   u = (w[n] << 21 | w[LOW_HALF + n] >> 11) · 2⁻⁵³
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Iterable

from dualnet.errors import ConfigError, unknown_name
from dualnet.typing import Shape

__all__ = [
    "LOW_HALF",
    "SIGNIFICANT_BITS",
    "WORD_BITS",
    "checked_integer",
    "checked_shape",
    "keep_threshold",
    "significant_bits",
    "site_of",
]

WORD_BITS = 32
LOW_HALF = 1 << 65
SIGNIFICANT_BITS = {"bfloat16": 8, "float16": 11, "float32": 24, "float64": 53}


def significant_bits(dtype: str) -> int:
    """The number of bits a uniform draw of this dtype carries.

    >>> significant_bits("float32")
    24

    Raises:
        UnknownName: the dtype is not a floating-point one.
    """
    if dtype not in SIGNIFICANT_BITS:
        raise unknown_name("dtype of a random draw", dtype, SIGNIFICANT_BITS)
    return SIGNIFICANT_BITS[dtype]


def site_of(purpose: str, path: str) -> int:
    """The 32-bit site of a purpose and a path.

    It is BLAKE2s (RFC 7693) of ``purpose + "\\0" + path`` in UTF-8, four bytes long, read
    little end first.  Two of ``n`` sites meet by chance with probability ``n² / 2³³``, one in
    8,600 for a thousand paths; streams that met would draw the same words.

    >>> site_of("init", "dense/kernel") == site_of("init", "dense/bias")
    False
    """
    digest = hashlib.blake2s(f"{purpose}\0{path}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little")


def keep_threshold(rate: float) -> int:
    """``floor(rate · 2³²)``: a word below it is dropped, a word at or above it kept.

    >>> keep_threshold(0.5) == 2**31, keep_threshold(1.0) == 2**32
    (True, True)

    Raises:
        ConfigError: the rate is not in ``[0, 1]``.
    """
    if not 0.0 <= rate <= 1.0:
        raise ConfigError(f"rate must be between 0 and 1, got {rate!r}")
    return int(rate * 2.0**WORD_BITS)


def checked_integer(name: str, value: object, low: int, high: int) -> int:
    """``value`` as an ``int`` in ``[low, high)``.

    Raises:
        ConfigError: it is not an integer, or out of the range.
    """
    try:
        number = operator.index(value)  # type: ignore[arg-type] # the check itself
    except TypeError:
        raise ConfigError(f"{name} must be an integer, got {value!r}") from None
    if not low <= number < high:
        raise ConfigError(f"{name} must be in [{_power(low)}, {_power(high)}), got {number}")
    return number


def checked_shape(shape: int | Iterable[int]) -> Shape:
    """``shape`` as a tuple of sizes; one integer is a shape of rank 1.

    >>> checked_shape(3), checked_shape([2, 4])
    ((3,), (2, 4))

    Raises:
        ConfigError: a size is negative or not an integer.
    """
    sizes = tuple(shape) if isinstance(shape, Iterable) else (shape,)
    return tuple(checked_integer("each size of a shape", size, 0, 1 << 63) for size in sizes)


def _power(bound: int) -> str:
    """A bound as a reader would write it: ``2**64`` rather than its twenty digits."""
    exponent = abs(bound).bit_length() - 1
    if exponent < WORD_BITS - 1 or abs(bound) != 1 << exponent:
        return str(bound)
    return f"{'-' if bound < 0 else ''}2**{exponent}"
