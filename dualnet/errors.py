"""Every error dualnet raises, one type per kind.

::

    DualnetError
    ├── BackendNotFound      (ImportError)     an unknown or uninstalled framework
    ├── MissingPackage       (ImportError)     an optional package that is not installed
    ├── DeviceNotFound       (ValueError)      a device this machine does not have
    ├── DtypeError           (TypeError)       a dtype that is unknown or does not fit
    ├── ForeignTensorError   (TypeError)       a tensor of another framework
    ├── MaskError            (TypeError)       a mask where nothing knows what it means
    ├── ConfigError          (ValueError)      a hyperparameter out of range
    │   └── UnknownName      (LookupError)     a layer, loss, optimizer … nobody knows
    ├── ShapeError           (ValueError)      a wrong rank, feature count or broadcast
    ├── DataError            (ValueError)      data that cannot be trained on
    │   └── LabelError       (IndexError)      class labels out of range
    ├── IndexRangeError      (IndexError)      an index outside the axis it points into
    ├── NonFiniteError       (ArithmeticError) NaN or infinity where a number was needed
    ├── StateError           (RuntimeError)    a call out of order
    │   ├── NotBuiltError                      weights asked for before they exist
    │   └── NotCompiledError                   fit or evaluate before compile
    ├── TapeError            (RuntimeError)    a gradient that cannot be taken
    │   ├── UsedTapeError                      a second gradient from a spent tape
    │   └── NotWatchedError                    a source the tape never watched
    ├── CheckpointError      (OSError)         a file that is damaged, foreign or hostile
    ├── ReportError          (OSError)         a report that cannot be written or read
    └── ParityError          (AssertionError)  two backends that do not agree
        └── SnapshotError                      a test's reference that is missing or stale

Each message says what came, what was wanted and what to do next.  Every type also
derives from the built-in exception a caller would expect, named in brackets.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "BackendNotFound",
    "CheckpointError",
    "ConfigError",
    "DataError",
    "DeviceNotFound",
    "DtypeError",
    "DualnetError",
    "ForeignTensorError",
    "IndexRangeError",
    "LabelError",
    "MaskError",
    "MissingPackage",
    "NonFiniteError",
    "NotBuiltError",
    "NotCompiledError",
    "NotWatchedError",
    "ParityError",
    "ReportError",
    "ShapeError",
    "SnapshotError",
    "StateError",
    "TapeError",
    "UnknownName",
    "UsedTapeError",
    "no_attribute",
    "unknown_name",
]

#: What other libraries call what we have, where the words differ by more than capitals.
ELSEWHERE = {
    "BatchNorm1d": "BatchNorm",
    "BatchNorm2d": "BatchNorm",
    "BatchNorm3d": "BatchNorm",
    "GELU": "Activation('gelu')",
    "Linear": "Dense",
    "MeanIoU": "IoU",
    "MeanMetricWrapper": "Function",
    "Module": "Layer",
    "MultiOptimizer": "Group",
    "OneHotIoU": "IoU",
    "OneHotMeanIoU": "IoU",
    "RNN": "SimpleRNN",
    "SiLU": "Activation('silu')",
    "Sigmoid": "Activation('sigmoid')",
    "Tanh": "Activation('tanh')",
    "cast": "astype",
    "cat": "concat",
    "clamp": "clip",
    "permute": "permute_dims",
    "reduce_mean": "mean",
    "reduce_sum": "sum",
    "unsqueeze": "expand_dims",
}


class DualnetError(Exception):
    """Base of every error raised by dualnet."""


class BackendNotFound(DualnetError, ImportError):
    """A backend that is unknown, or whose framework is not installed."""


class MissingPackage(DualnetError, ImportError):
    """An optional package, such as scikit-learn, that is not installed."""


class DeviceNotFound(DualnetError, ValueError):
    """A device that this machine, or this framework, does not have."""


class DtypeError(DualnetError, TypeError):
    """A dtype that is unknown, unsupported, or does not fit the operation."""


class ForeignTensorError(DualnetError, TypeError):
    """A tensor of one framework handed to the other."""


class MaskError(DualnetError, TypeError):
    """Masked values where their mask would be lost, or a mask that does not fit its values."""


class ConfigError(DualnetError, ValueError):
    """A hyperparameter of the wrong type or out of its range."""


class UnknownName(ConfigError, LookupError):
    """A name that stands for no known layer, loss, metric, optimizer or initializer."""


class ShapeError(DualnetError, ValueError):
    """A tensor of the wrong rank or size."""


class DataError(DualnetError, ValueError):
    """Training data that is empty, ragged, mismatched or used up."""


class LabelError(DataError, IndexError):
    """Class labels outside ``[0, classes)``."""


class IndexRangeError(DualnetError, IndexError):
    """An index outside the axis it points into."""


class NonFiniteError(DualnetError, ArithmeticError):
    """NaN or infinity where a finite number was needed."""


class StateError(DualnetError, RuntimeError):
    """A call made at a time when it has no meaning."""


class NotBuiltError(StateError):
    """Weights were asked for before the model had seen an input shape."""


class NotCompiledError(StateError):
    """``fit`` or ``evaluate`` was called before ``compile``."""


class TapeError(DualnetError, RuntimeError):
    """A gradient that this tape cannot give."""


class UsedTapeError(TapeError):
    """A non-persistent tape was asked for a second gradient."""


class NotWatchedError(TapeError):
    """A gradient was asked for with respect to a tensor the tape never watched."""


class CheckpointError(DualnetError, OSError):
    """A file that is missing, damaged, truncated, foreign or hostile."""


class ReportError(DualnetError, OSError):
    """A file of a report that cannot be written, or is missing, damaged, foreign or too old."""


class ParityError(DualnetError, AssertionError):
    """Two backends, or a backend and its reference, that do not agree."""


class SnapshotError(ParityError):
    """A test's reference that is missing, damaged, or of another test than it has become."""


def unknown_name(kind: str, name: object, known: Iterable[str]) -> UnknownName:
    """The error for a name that is not among the known ones, with the nearest match.

    >>> raise unknown_name("loss", "mes", ["mse", "mae"])
    Traceback (most recent call last):
    ...
    dualnet.errors.UnknownName: unknown loss 'mes'; did you mean 'mse'? Known: mae, mse
    """
    names = sorted(known)
    near = _nearest(str(name).lower(), names, cutoff=0.5)
    hint = f"; did you mean {near!r}?" if near else "."
    return UnknownName(f"unknown {kind} {name!r}{hint} Known: {', '.join(names)}")


def _nearest(name: str, known: Iterable[str], *, cutoff: float) -> str:
    """The known name most like this one; one of the same letters before all others."""
    names = list(known)
    same = [each for each in names if sorted(each) == sorted(name)]
    near = same or difflib.get_close_matches(name, names, n=1, cutoff=cutoff)
    return near[0] if near else ""


def no_attribute(module: str, name: str, known: Iterable[str]) -> AttributeError:
    """The error for a name that a module lacks, with ours for another library's or the nearest.

    >>> raise no_attribute("dualnet.nn", "Linear", ["Dense", "LayerNorm"])
    Traceback (most recent call last):
    ...
    AttributeError: module 'dualnet.nn' has no attribute 'Linear'; did you mean Dense?
    """
    text = f"module {module!r} has no attribute {name!r}"
    if name.startswith("_"):  # not a user's, but what Python and its tools ask every module for
        return AttributeError(text)
    names = {public.lower(): public for public in known}
    ours = ELSEWHERE.get(name, "")
    if ours.split("(")[0].lower() not in names:
        near = _nearest(name.lower(), names, cutoff=0.6)
        ours = names[near] if near else ""
    return AttributeError(f"{text}; did you mean {ours}?" if ours else text)
