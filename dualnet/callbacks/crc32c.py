"""CRC-32C, the checksum of records in event files."""

from __future__ import annotations

import functools

__all__ = ["crc32c", "masked"]

#: Castagnoli's polynomial, bits reversed (RFC 3720, appendix B.4).
POLYNOMIAL = 0x82F63B78


@functools.cache
def _table() -> tuple[int, ...]:
    """The remainder of every byte."""
    remainders = []
    for byte in range(256):
        remainder = byte
        for _ in range(8):
            remainder = remainder >> 1 ^ (POLYNOMIAL if remainder & 1 else 0)
        remainders.append(remainder)
    return tuple(remainders)


def crc32c(data: bytes) -> int:
    """The checksum of some bytes.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    table, crc = _table(), 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def masked(data: bytes) -> int:
    """The checksum as TensorFlow's records hold it: turned by 15 bits, plus a constant."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
