"""The outcome of a comparison, and the forms in which it is shown.

``values`` holds what was found; ``text``, ``html`` and ``markdown`` show it, and ``plain`` keeps
it as JSON.  ``wording``, ``measures`` and ``tables`` are what they share; ``figures`` draws the
page's plots and heat maps, for which ``scales``, ``plots``, ``heat`` and ``heatmap`` are the tools.
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
