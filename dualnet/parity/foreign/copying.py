"""Two models and their inputs, brought to where they can be compared: copies in one dtype."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dualnet.dtypes import is_floating
from dualnet.errors import ConfigError, DualnetError
from dualnet.parity.distances import distances, largest
from dualnet.parity.foreign.sides import Side, backend_of_model
from dualnet.parity.gates import gates
from dualnet.typing import NDArray, Tensor

__all__ = ["tensors", "two_sides"]

#: What a comparison falls back to where a model cannot be had in float64.
FALLBACK = "float32"


Inputs = tuple[NDArray, ...]


def tensors(side: Side, given: Inputs, told: bool) -> list[Tensor]:
    """The inputs of one side as its tensors; ``told`` if they are in dualnet's layout."""
    return [side.to_native(x) if told else side.tensor(x) for x in given]


def two_sides(
    models: tuple[Any, Any], inputs: tuple[Inputs, Inputs], told: bool, dtype: Any
) -> tuple[tuple[Side, Side], list[str]]:
    """Both models, copied in the dtype asked for, or else in one they can both have."""
    found = [backend_of_model(model, label) for model, label in zip(models, "ab", strict=True)]
    notes: list[str] = []
    for kind in dict.fromkeys((dtype, FALLBACK)):
        made = []
        for label, (backend, native), given in zip("ab", found, inputs, strict=True):
            plain = Side(label, backend, native, native, tuple(backend.foreign.units(native)), kind)
            side = _copied(plain, given, told)
            if isinstance(side, Exception):
                notes.append(f"{label} does not run in {kind}: {_first_line(side)}")
                wrong = label, _first_line(side), [(x.shape, str(x.dtype)) for x in given]
                break
            made.append(side)
        if len(made) == 2:
            return (made[0], made[1]), notes
    label, why, shown = wrong
    raise ConfigError(
        f"the models cannot be run side by side: {label} does not take inputs of "
        f"{' and '.join(f'shape {shape} ({kind})' for shape, kind in shown)}: {why}. Inputs have "
        "the batch axis first and channels last, and each model gets them in its own layout; "
        "PerModel(for_a, for_b) gives each what it takes"
    )


def _copied(side: Side, given: Inputs, told: bool) -> Side | Exception:
    """The side on a copy that runs; in the fallback's dtype, the model itself will do."""
    foreign = side.backend.foreign
    try:
        copy = foreign.duplicate(side.original, dtype=side.dtype)
        made = replace(side, model=copy, units=tuple(foreign.units(copy)))
        error = made.try_out(lambda: tensors(made, given, told)) or _unlike(made, given, told)
    except DualnetError as problem:
        made, error = side, problem
    if error is not None and side.dtype == FALLBACK:
        made, error = side, side.try_out(lambda: tensors(side, given, told))
    return made if error is None else error


def _unlike(made: Side, given: Inputs, told: bool) -> ConfigError | None:
    """Why a copy is none: it computes something else than the model, which runs once to tell.

    Some objects make their copies themselves, and forget what they were made with.
    """
    variables = made.backend.foreign.variables(made.original).values()
    kinds = {made.backend.state.dtype_name(v) for v in variables}
    kinds = {kind for kind in kinds if is_floating(kind)}
    if len(kinds) != 1:
        return None  # of several dtypes, there is none to run the model in
    own = replace(made, model=made.original, dtype=kinds.pop())
    with own.undone(), made.undone(), own.backend.foreign.without_dropout(own.model):
        outputs = [
            side.outputs(side.run(tensors(side, given, told), training=False))
            for side in (own, made)
        ]
    apart = largest(distances(*outputs))[1].relative
    if apart <= gates(own.dtype).gradient:
        return None
    return ConfigError(
        f"the copy of {type(made.original).__name__} computes something else (relative distance "
        f"{apart:.1e}); does a part of it define how it is copied?"
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200]
