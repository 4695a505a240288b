"""Likely causes of a parting, each tried on the layer alone before it is named.

:func:`explain` takes where two models part (:class:`~dualnet.parity.foreign.parting.Parting`)
and gives the cause, or nothing.  :mod:`.definition` says in NumPy what a layer computes,
:mod:`.catalogue` how ports go wrong, :mod:`.explanation` how the two are brought together.
:func:`table` is the catalogue as a page shows it.
"""

from __future__ import annotations

from dualnet.parity.foreign.causes.catalogue import CATALOGUE
from dualnet.parity.foreign.causes.cause import Cause
from dualnet.parity.foreign.causes.explanation import explain

__all__ = ["CATALOGUE", "Cause", "explain", "table"]


def table() -> str:
    """Every cause: its name, how the two sides differ by it, and what is tried.

    >>> print(table().splitlines()[0])
    | cause | the two sides | what is tried | where |
    """
    rows: dict[str, list[str]] = {}
    for entry in CATALOGUE:
        seen = rows.setdefault(entry.name, ["", "", ""])
        for place, text in enumerate((entry.signature, entry.verified, ", ".join(entry.phases))):
            if text not in seen[place]:
                seen[place] = f"{seen[place]}; {text}" if seen[place] else text
    lines = [f"| {name} | {' | '.join(texts)} |" for name, texts in rows.items()]
    return "\n".join(
        ("| cause | the two sides | what is tried | where |", "|---" * 4 + "|", *lines)
    )
