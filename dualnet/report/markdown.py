"""A report as Markdown, small enough for a comment under a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape

from dualnet.report import tables
from dualnet.report.tables import Table
from dualnet.report.values import Report
from dualnet.report.wording import MARK, facts, first_divergence, headline, notes

__all__ = ["escaped", "listed", "markdown", "titled"]

SIGNS = {"identical": "✅", "agree": "✅", "noise": "⚠️", "diverged": "❌"}
#: What is markup in Markdown or HTML.
MARKUP = "\\|*_`<>#[]~"


def markdown(report: Report) -> str:
    """Verdict, first divergence, what was measured and what came out; the rest is folded."""
    parts = [
        f"### {SIGNS[report.verdict]} {escaped(headline(report))}",
        escaped(report.reason),
        *_place(report),
        *(f"Note: {escaped(note)}" for note in notes(report)),
        *map(titled, _short(report)),
        *map(_folded, _long(report)),
        _details("what was compared", listed(facts(report) | dict(report.environment))),
    ]
    return "\n\n".join(parts) + "\n"


def _place(report: Report) -> Iterator[str]:
    """Where the first difference is, where the reason does not say it."""
    first = first_divergence(report)
    if first != report.reason:
        yield f"First divergence: {escaped(first)}"


def _short(report: Report) -> Iterator[Table]:
    """What each step by itself says, and what came out."""
    proof = tables.proof(report)
    if proof.rows:
        yield proof
    results = tables.results(report)
    if results.rows:
        yield results


def _long(report: Report) -> Iterator[Table]:
    yield from (table for table in tables.measured(report) if table != tables.proof(report))
    if report.layers and not report.ok:
        yield tables.layers(report)
    history = tables.history(report)
    if history.rows:
        yield history


def _folded(table: Table) -> str:
    return _details(_title(table), _rows(table))


def _title(table: Table) -> str:
    return f"{table.title} ({table.note})" if table.note else table.title


def _details(title: str, content: str) -> str:
    return f"<details><summary>{escape(title)}</summary>\n\n{content}\n\n</details>"


def titled(table: Table) -> str:
    """A table under its title."""
    return f"**{escaped(_title(table))}**\n\n{_rows(table)}"


def _rows(table: Table) -> str:
    sides = (":--" if place in table.words else "--:" for place in range(len(table.columns)))
    lines = [_line(map(escaped, table.columns)), _line(sides)]
    for place, row in enumerate(table.rows):
        cells = [escaped(cell) for cell in row]
        if place in table.marked:
            cells = [f"**{cells[0]}** {MARK}", *cells[1:]]
        lines.append(_line(cells))
    return "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def listed(pairs: Mapping[str, str]) -> str:
    """Names and values, one pair a line."""
    return "\n".join(f"- {escaped(name)}: {escaped(value)}" for name, value in pairs.items())


def escaped(text: str) -> str:
    """Text in which nothing is markup."""
    return "".join(f"\\{mark}" if mark in MARKUP else mark for mark in text).replace("\n", " ")
