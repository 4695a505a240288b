"""Studies: comparisons over networks, seeds, dtypes, devices and backends, in one report.

``grid`` says which cells there are, ``running`` makes them, ``folder`` keeps them, ``summary``
and ``statistics`` sum them up, and ``tables``, ``text``, ``html``, ``markdown``, ``sheet`` (CSV)
and ``plain`` (JSON) show them.
"""

from dualnet.parity.studies.statistics import Spread
from dualnet.parity.studies.studying import study
from dualnet.parity.studies.summary import Measure, Summary
from dualnet.parity.studies.values import Cell, Point, StudyReport

__all__ = ["Cell", "Measure", "Point", "Spread", "StudyReport", "Summary", "study"]
