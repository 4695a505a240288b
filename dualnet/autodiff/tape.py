"""The gradient tape."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self

from dualnet import registry, tree
from dualnet.autodiff.checks import common_backend, require_differentiable, require_same_shapes
from dualnet.context import current_backend
from dualnet.errors import NotWatchedError, TapeError, UsedTapeError
from dualnet.protocols import Backend
from dualnet.protocols.tape import Recording
from dualnet.typing import Tensor, Tree

__all__ = ["GradientTape"]

_open: ContextVar[tuple[GradientTape, ...]] = ContextVar("dualnet_tapes", default=())


# A compiler that cannot trace a context variable may put functions of its own in place of
# these three.


def open_tapes() -> tuple[GradientTape, ...]:
    """The tapes that are recording in this thread or task, outermost first."""
    return _open.get()


def set_open_tapes(tapes: tuple[GradientTape, ...]) -> None:
    """Makes these the tapes that are recording in this thread or task."""
    _open.set(tapes)


def backends_in_use() -> list[Backend]:
    """The backends whose framework this process has imported; the current one if none."""
    imported = [registry.load(name) for name in registry.names() if name in sys.modules]
    return imported or [current_backend()]


class GradientTape:
    """Records what happens in a ``with`` block, to give gradients of its results.

    >>> import dualnet as dn
    >>> w = dn.Variable(3.0)
    >>> with dn.GradientTape() as tape:
    ...     loss = w * w
    >>> float(tape.gradient(loss, w))
    6.0

    Trainable variables are followed by themselves, other tensors after :meth:`watch`.
    Compute everything from the sources to the target inside the block: outside it,
    TensorFlow records nothing and gives ``None``.  Tapes nest: what an inner tape computes,
    gradients included, is recorded by the outer ones.
    The frameworks of all tensors used inside must be imported before the block begins.

    Args:
        persistent: whether :meth:`gradient` and :meth:`jacobian` may be called more than
            once; what was recorded is then kept until the tape is garbage.
    """

    def __init__(self, persistent: bool = False) -> None:
        self._persistent = persistent
        self._recordings: dict[str, Recording] = {}
        self._overlaps = False
        self._stopped = False
        self._used = False

    def __enter__(self) -> Self:
        if self._recordings or self._used:
            raise TapeError("a tape records one block; make a new GradientTape for another")
        outer = open_tapes()
        for tape in outer:
            tape._overlaps = True
        self._overlaps = bool(outer)
        self._recordings = {
            backend.name: backend.tape.record(persistent=self._persistent).__enter__()
            for backend in backends_in_use()
        }
        set_open_tapes((*outer, self))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._stopped:
            return
        self._stopped = True
        set_open_tapes(tuple([tape for tape in open_tapes() if tape is not self]))
        for recording in self._recordings.values():
            recording.stop()

    def watch(self, *tensors: Tree) -> None:
        """Follows plain tensors (or trees of them) from here on.

        PyTorch marks a watched tensor with ``requires_grad``; the mark goes when the tape
        is spent or garbage.

        Raises:
            DtypeError: a tensor of integers or booleans, which has no derivative.
            TapeError: the tape is not recording, or an argument is no tensor.
        """
        if self not in open_tapes():
            raise TapeError("watch is for tensors used later in the tape's block; call it there")
        flat = tree.leaves(tensors)
        backend = common_backend("watched tensor", flat)
        require_differentiable(backend, "watched tensor", flat)
        recording = self._recording(backend)
        for tensor in flat:
            recording.watch(tensor)

    def gradient(self, target: Tree, sources: Tree, output_gradients: Tree | None = None) -> Tree:
        """``Σ output_gradient · ∂target/∂source`` for each source, in the structure of ``sources``.

        Args:
            target: a scalar computed in the block; or a tree of tensors, whose gradients
                are summed.
            sources: a tree of trainable variables and watched tensors.
            output_gradients: a tensor for each target, of its shape.

        Returns:
            A tensor of the source's shape, or ``None`` where no target depends on it.

        Raises:
            UsedTapeError: the tape is not persistent and has given its gradient.
            NotWatchedError: a source was not watched and is no trainable variable.
            ForeignTensorError: tensors of two frameworks.
            DtypeError: a target or source of integers or booleans.
            TapeError: a target that is no scalar, without ``output_gradients``.
            ShapeError: an output gradient whose shape is not its target's.
        """
        targets, flat = tree.leaves(target), tree.leaves(sources)
        backend, recording = self._prepare(targets, flat)
        if output_gradients is None:
            _require_scalars(backend, targets)
            upstream = None
        else:
            upstream = tree.leaves(output_gradients)
            common_backend("output gradient", [*upstream, *targets])
            require_same_shapes(backend, "output gradient", upstream, "target", targets)
        self._spend()
        found = recording.gradient(
            targets, flat, upstream, retain=self._retains, differentiable=_recorded()
        )
        return self._results(recording, sources, flat, found)

    def jacobian(self, target: Tensor, sources: Tree) -> Tree:
        """``∂target/∂source``, of shape ``target.shape + source.shape``, for each source.

        Takes one tensor of any shape as its target; otherwise, and in its errors, as
        :meth:`gradient`.
        """
        flat = tree.leaves(sources)
        _, recording = self._prepare([target], flat)
        self._spend()
        found = recording.jacobian(target, flat, retain=self._retains, differentiable=_recorded())
        return self._results(recording, sources, flat, found)

    @contextlib.contextmanager
    def stop_recording(self) -> Iterator[None]:
        """A block that neither this tape nor any other open one records."""
        backends = [registry.load(name) for name in self._recordings]
        outside = open_tapes()
        with contextlib.ExitStack() as stack:
            for backend in backends:
                stack.enter_context(backend.tape.no_gradient())
            set_open_tapes(())
            try:
                yield
            finally:
                set_open_tapes(tuple(tape for tape in outside if not tape._stopped))

    def _prepare(self, targets: list[Any], sources: list[Any]) -> tuple[Backend, Recording]:
        """The recording that knows these tensors, once they have been checked."""
        if self._used and not self._persistent:
            raise UsedTapeError(
                "this tape has given its gradient; take all gradients in one call, with a tree "
                "of sources, or make the tape with GradientTape(persistent=True)"
            )
        if not self._recordings:
            raise TapeError("this tape has recorded nothing; compute the target in its block")
        backend = common_backend("target or source", [*targets, *sources])
        require_differentiable(backend, "target", targets)
        require_differentiable(backend, "source", sources)
        return backend, self._recording(backend)

    def _recording(self, backend: Backend) -> Recording:
        if backend.name not in self._recordings:
            raise TapeError(
                f"{backend.name} was first used after this tape opened, so it recorded nothing "
                f"there; import {backend.name} before the block"
            )
        return self._recordings[backend.name]

    @property
    def _retains(self) -> bool:
        """Whether what was recorded is needed again, by this tape or by one around or in it."""
        return self._persistent or self._overlaps

    def _spend(self) -> None:
        self._used = True
        if not self._persistent:
            self._stop()

    def _results(
        self, recording: Recording, sources: Tree, flat: list[Tensor], found: list[Tensor | None]
    ) -> Tree:
        try:
            _require_watched(recording, flat, found)
        finally:
            if not self._persistent:
                for each in self._recordings.values():
                    each.release()
        return tree.unflatten(sources, found)


def _recorded() -> bool:
    """Whether some tape is recording, and so a gradient must itself be differentiable."""
    return bool(open_tapes())


def _require_watched(
    recording: Recording, sources: list[Tensor], found: list[Tensor | None]
) -> None:
    for place, (source, gradient) in enumerate(zip(sources, found, strict=True)):
        if gradient is None and not recording.is_watched(source):
            raise NotWatchedError(
                f"source {place} of {len(found)} is neither a trainable variable nor a tensor "
                "that was watched and then used; call tape.watch(tensor) before computing with it"
            )


def _require_scalars(backend: Backend, targets: list[Any]) -> None:
    for target in targets:
        shape = backend.state.shape(target)
        if math.prod(shape) != 1:
            raise TapeError(
                f"the target has shape {shape} and its gradient would be a sum over it; reduce "
                "it with ops.sum or ops.mean, or pass output_gradients"
            )
