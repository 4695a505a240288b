"""The outcome of a comparison, and the forms in which it is shown.

``values`` holds what was found, ``text``, ``html``, ``markdown`` and ``plain`` (JSON) show it.
"""

from dualnet.report.values import (
    VERDICTS,
    Distance,
    Divergence,
    Finding,
    FreeRunRow,
    LayerRow,
    LockStepRow,
    Mode,
    Report,
    Settings,
)

__all__ = [
    "Distance",
    "Divergence",
    "Finding",
    "FreeRunRow",
    "LayerRow",
    "LockStepRow",
    "Mode",
    "Report",
    "Settings",
    "VERDICTS",
]
