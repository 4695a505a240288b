"""Native modules: how a definition becomes a ``torch.nn.Module`` or a ``tf.Module``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

from dualnet.typing import Device, DtypeName, NDArray, Tensor


class Layers(Protocol):
    """A tree of native modules, seen by path (``"encoder.dense.kernel"``).

    ``Module`` is the class that a materialised layer derives from, together with the
    definition's own class: hyperparameters are plain attributes, sub-layers are child
    modules, weights are native parameters, and ``forward`` is the definition's
    ``forward``, with nothing in between.
    """

    @property
    def Module(self) -> type: ...  # noqa: N802 - it is a class

    def attach(self, parent: Any, name: str, child: Any, /) -> None:
        """Makes ``child`` (a module or a container) a named child of ``parent``."""
        ...

    def container(self, children: dict[str, Any], /, *, ordered: bool) -> Any:
        """A native container of modules: a sequence if ``ordered``, else a mapping."""
        ...

    def add_variable(
        self,
        module: Any,
        name: str,
        value: NDArray,
        /,
        *,
        path: str,
        dtype: DtypeName,
        device: Device,
        trainable: bool,
        state: bool,
    ) -> Tensor:
        """Gives a module a weight (or, with ``state``, a non-trained value), and returns it."""
        ...

    def own(self, module: Any, /) -> dict[str, Tensor]:
        """A module's own weights and state values by name, those of its children left out."""
        ...

    def with_weights(self, module: Any, weights: dict[str, Tensor], /) -> Any:
        """A copy in which own weights of these names read as these tensors; see ``reading_as``."""
        ...

    def reading_as(self, module: Any, dtype: DtypeName, /) -> Any:
        """A copy whose own weights read as ``dtype``; children and state are the module's.

        The module stays as it is, so that several threads may call it.  An attribute that
        ``forward`` sets on the copy is lost with it.
        """
        ...

    def adopt(self, native: Any, /, *, device: Device) -> Any:
        """A user's native module, or a function that makes one, ready to be attached."""
        ...

    def modules(self, module: Any, /) -> Iterator[tuple[str, Any]]:
        """Every module of the tree with its path, parents first; the root's path is ``""``."""
        ...

    def variables(self, module: Any, /) -> dict[str, Tensor]:
        """Every parameter and state value by path, in order of definition."""
        ...

    def states(self, module: Any, /) -> set[str]:
        """The paths of those variables that are state, not weights."""
        ...

    def is_trainable(self, variable: Tensor, /) -> bool:
        """Whether gradients flow to the variable."""
        ...

    def set_training(self, module: Any, training: bool, /) -> None:
        """Sets the mode that ``self.training`` shows in every ``forward`` of the tree."""
        ...

    def watch_outputs(
        self, module: Any, callback: Callable[[str, Any, Any, Any], None], /
    ) -> AbstractContextManager[None]:
        """A block in which ``callback(path, args, kwargs, output)`` sees every module's call."""
        ...
