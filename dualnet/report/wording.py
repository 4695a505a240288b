"""What every form of the report says in words: headline, facts, notes, numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dualnet.report.values import VERDICTS, Report

__all__ = [
    "MARK",
    "at_most",
    "count",
    "facts",
    "first_divergence",
    "headline",
    "in_steps",
    "legend",
    "notes",
    "number",
    "rate",
    "score",
    "shortened",
]

#: Beside what is to blame.
MARK = "◀"
#: Instead of a number that there is none of.
NONE = "–"
#: Names of a list that are told before the rest is counted.
TOLD = 8


def number(value: float | None) -> str:
    """A distance, short.

    >>> number(0.0), number(3.21e-16), number(float("inf")), number(None)
    ('0', '3.2e-16', 'inf', '–')
    """
    if value is None:
        return NONE
    return "0" if value == 0 else f"{value:.1e}" if math.isfinite(value) else str(value)


def count(value: float | None) -> str:
    """A number of ulps, short.

    >>> count(3.0), count(12_345_678.0)
    ('3', '1.2e+07')
    """
    return f"{value:.0f}" if value is not None and value < 1e5 else number(value)


def in_steps(steps: int) -> str:
    """So many steps.

    >>> in_steps(1), in_steps(300)
    ('1 step', '300 steps')
    """
    return f"{steps} step{'' if steps == 1 else 's'}"


def score(value: float | None) -> str:
    """A loss or metric.

    >>> score(0.97250001), score(float("nan")), score(None)
    ('0.9725', 'nan', '–')
    """
    return NONE if value is None else f"{value:.6g}"


def rate(steps: int, seconds: float | None) -> str:
    """Steps per second, where there was any time to measure.

    >>> rate(50, 0.01), rate(50, 4.0), rate(50, None)
    ('5,000', '12.5', '–')
    """
    if seconds is None or steps < 1 or not 0 < seconds < math.inf:
        return NONE
    found = steps / seconds
    return f"{found:,.0f}" if found >= 100 else f"{found:.3g}"


def at_most(names: Sequence[str], most: int = TOLD, between: str = ", ") -> str:
    """A list in words, its end counted where it is long.

    >>> at_most(["a", "b", "c", "d"], 2)
    'a, b and 2 more'
    """
    more = len(names) - most
    return between.join(names[:most]) + (f" and {more} more" if more > 0 else "")


def shortened(text: str, longest: int) -> str:
    """The beginning of a text that is too long.

    >>> shortened("Sequential(Dense(3))", 12)
    'Sequential(…'
    """
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def headline(report: Report) -> str:
    """The verdict in one line."""
    first, second = report.settings.backends
    return f"{report.verdict}: {first} and {second}: {VERDICTS[report.verdict]}"


def first_divergence(report: Report) -> str:
    """Where the first real difference is."""
    return "none" if report.first is None else str(report.first)


def legend(report: Report) -> str:
    """What the distances in the tables are between."""
    return (
        "relative distances in the 2-norm: cross, between the backends; control, of "
        f"{report.settings.backends[0]} from itself after a change of one ulp; truth, of a "
        "backend from its own float64 run"
    )


def facts(report: Report) -> dict[str, str]:
    """What was compared, by name."""
    s = report.settings
    return {
        "network": s.network,
        "parameters": f"{s.parameters:,}",
        "training": f"{s.optimizer}, {s.loss}, batch {s.batch_size}, seed {s.seed}",
        "run": f"{in_steps(report.practice.steps)} in {s.dtype} on {s.device}",
    }


def notes(report: Report) -> tuple[str, ...]:
    """What a reader should know beside the tables."""
    lines = []
    horizon = report.practice.horizon
    if horizon is not None:
        lines.append(
            f"chaotic from step {horizon} on: the control has left the bound; figures after it "
            "say nothing about the backends"
        )
    dead = _everywhere(report.proof.dead, report.practice.dead)
    if dead:
        lines.append(f"dead parameters, whose true gradient is zero, left out: {at_most(dead)}")
    flips = _everywhere(report.proof.flips, report.practice.flips)
    if flips:
        lines.append(
            "kinks, where rounding decides the derivative and both are right: "
            + at_most(flips, between="; ")
        )
    return tuple(lines)


def _everywhere(*lists: Sequence[str]) -> list[str]:
    """What any of the lists has, once."""
    return list(dict.fromkeys(name for names in lists for name in names))
