"""(being written)"""

from __future__ import annotations

from typing import Protocol


class Reductions(Protocol):
    """(being written)"""
