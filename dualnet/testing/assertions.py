"""The assertions, for any test runner; under pytest they know the command line.

What they stand on is imported when one is called: pytest imports this module in every run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dualnet.errors import ConfigError, ParityError, SnapshotError
from dualnet.testing.case import Case, Reference, current

if TYPE_CHECKING:
    from dualnet.nn.layer import Layer
    from dualnet.typing import Tree

__all__ = [
    "assert_function_parity",
    "assert_model_parity",
    "assert_network_parity",
    "assert_parity",
]


def assert_parity(subject: Any, *arguments: Any, **options: Any) -> None:
    """Asserts that all backends compute the same, of whatever is given.

    ====================================  ===================================
    ``assert_parity(fn, *inputs)``        :func:`assert_function_parity`
    ``assert_parity(net, x, y, loss=…)``  :func:`assert_network_parity`
    ``assert_parity(a, b, inputs)``       :func:`assert_model_parity`
    ====================================  ===================================

    A network is a definition, a :class:`dualnet.nn.Layer`; ``b`` is told from an input by
    being callable.

    Raises:
        ParityError: they do not.

    >>> import numpy as np
    >>> from dualnet import ops
    >>> from dualnet.testing import assert_parity
    >>> assert_parity(ops.tanh, np.linspace(-1.0, 1.0, 5), second_gradients=True)
    """
    __tracebackhide__ = True
    from dualnet.nn.layer import Layer

    if isinstance(subject, Layer):
        assert_network_parity(subject, *arguments, **options)
    elif arguments and callable(arguments[0]):
        assert_model_parity(subject, *arguments, **options)
    elif callable(subject):
        assert_function_parity(subject, *arguments, **options)
    else:
        raise ConfigError(
            f"assert_parity takes a function, a network or two models, got "
            f"{type(subject).__name__}; give the function first, then its inputs"
        )


def assert_function_parity(
    fn: Callable[..., Tree],
    *inputs: Tree,
    dtype: str | None = None,
    rtol: float | None = None,
    gradients: bool = True,
    second_gradients: bool = False,
    gradcheck: bool = False,
    backends: tuple[str, ...] | None = None,
    device: str = "cpu",
    seed: int | None = None,
    name: str | None = None,
) -> None:
    """:func:`dualnet.parity.check` as an assertion.

    Args:
        fn, inputs, rtol, gradients, second_gradients, gradcheck, device: as for ``check``.
        dtype: of the floating inputs; by the command line, else ``"float64"``.
        backends: to hold to the first of them; by the command line, else those installed.
        seed: by the command line, else 0.
        name: of the reference in snapshot mode; the number of the assertion in its test if
            not given.

    Raises:
        ParityError: they do not agree.
        SnapshotError: there is one backend, and no valid reference for it.
    """
    __tracebackhide__ = True
    from dualnet import parity
    from dualnet.parity.checking import Question
    from dualnet.testing.functions import hold_function, write_function

    case = current.get()
    asked: dict[str, Any] = {
        "dtype": dtype or (case and case.options.dtype) or "float64",
        "rtol": rtol,
        "gradients": gradients,
        "second_gradients": second_gradients,
        "gradcheck": gradcheck,
        "device": device,
        "seed": _seed(case, seed),
    }

    try:
        for pair in _pairs(case, backends):
            parity.check(fn, *inputs, **asked, backends=pair)
        reference = _reference(case, backends, name)
        if reference is not None:
            act = write_function if reference.written else hold_function
            act(reference, Question.of(fn, inputs, **asked))
    except ParityError as error:
        raise _failure(case, error) from None


def assert_network_parity(
    net: Layer,
    x: Tree,
    y: Tree,
    *,
    loss: Any,
    optimizer: Any,
    batch_size: int = 32,
    dtype: str | None = None,
    backends: tuple[str, ...] | None = None,
    device: str = "cpu",
    seed: int | None = None,
    sample_weight: Tree = None,
    input_shape: Tree = None,
    snapshot_steps: int = 3,
    name: str | None = None,
    **options: Any,
) -> None:
    """:func:`dualnet.compare` as an assertion: fails on the verdict ``diverged``.

    Args:
        net, x, y, loss, optimizer, batch_size, device, sample_weight, input_shape, options: as
            for ``compare``.
        dtype: of the free run; by the command line, else ``"float32"``.
        backends: to hold to the first of them; by the command line, else those installed.
        seed: by the command line, else 0.
        snapshot_steps: how many steps a reference holds.  They are taken in float64.
        name: of the reference in snapshot mode; the number of the assertion in its test if
            not given.

    Raises:
        ParityError: they do not agree; names step, phase, layer, variable, index, both values.
        SnapshotError: there is one backend, and no valid reference for it.
    """
    __tracebackhide__ = True
    from dualnet.testing.courses import Training
    from dualnet.testing.networks import compare_network, hold_network, write_network

    case = current.get()
    training = Training(
        net,
        x,
        y,
        sample_weight,
        loss,
        optimizer,
        input_shape,
        batch_size,
        _seed(case, seed),
        device,
    )
    kind = dtype or (case and case.options.dtype) or "float32"
    try:
        for pair in _pairs(case, backends):
            compare_network(training, pair, dtype=kind, **options)
        reference = _reference(case, backends, name)
        if reference is not None:
            act = write_network if reference.written else hold_network
            act(reference, training, snapshot_steps)
    except ParityError as error:
        raise _failure(case, error) from None


def assert_model_parity(a: Any, b: Any, inputs: Any, **options: Any) -> None:
    """:func:`dualnet.parity.compare_models` as an assertion.

    Both models are here, so there are no references; the command line's backends do not count.

    Raises:
        ParityError: they do not agree; the text is the report.
    """
    __tracebackhide__ = True
    from dualnet import parity

    report = parity.compare_models(a, b, inputs, **options)
    if not report.ok:
        raise _failure(current.get(), ParityError(str(report)))


def _seed(case: Case | None, seed: int | None) -> int:
    if seed is not None:
        return seed
    return 0 if case is None else case.options.seed


def _pairs(case: Case | None, chosen: tuple[str, ...] | None) -> list[tuple[str, str]]:
    """The first backend with each other one; none where a test is held to its reference.

    The backends are as given, or by the command line, or those installed.
    """
    from dualnet.parity.comparison import two_backends

    if chosen is None and case is not None:
        if len(case.options.backends) == 1:
            return []
        chosen = case.options.backends or None
    if chosen is None or len(chosen) < 2:
        return [two_backends(chosen)]  # type: ignore[arg-type]  # it says what is wrong
    return [(chosen[0], other) for other in chosen[1:]]


def _reference(
    case: Case | None, chosen: tuple[str, ...] | None, name: str | None
) -> Reference | None:
    """The reference to write or to hold the only backend to; ``None`` if neither is to be.

    Raises:
        SnapshotError: it is needed, but the inputs differ between runs.
    """
    if case is None or chosen is not None or not case.options.backends:
        return None
    alone = len(case.options.backends) == 1
    if case.drawn:
        if alone and not case.options.write:
            raise SnapshotError(
                "there is no snapshot for inputs that hypothesis draws, and only "
                f"{case.options.backends[0]} to run; run this test where two backends are "
                "installed, or give fixed inputs"
            )
        return None
    return case.reference(name) if alone or case.options.write else None


def _failure(case: Case | None, error: ParityError) -> ParityError:
    """The error without its way through dualnet, and with a command that replays it."""
    replay = "" if case is None else f"\nreplay: {case.replay}"
    return type(error)(f"{error}{replay}")
