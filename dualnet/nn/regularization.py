"""Dropout, and what any layer with random numbers of its own needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from dualnet import ops
from dualnet.errors import ConfigError
from dualnet.nn import _check
from dualnet.nn.layer import Layer
from dualnet.random import Stream
from dualnet.typing import Shape, Tensor

__all__ = ["Dropout", "Noisy"]


class Noisy(Layer):
    """Base of the layers that draw random numbers in training.

    The numbers of a call are those of the stream ``(seed, "layer", path, calls)``, where
    ``calls`` is a state of the layer that counts its calls in training.  They are the same
    bits on every backend and device, eager or compiled, and a checkpoint continues them.
    """

    if TYPE_CHECKING:
        calls: ClassVar[Tensor]  # a state, not a hyperparameter

    def build_noise(self, seed: int | None = None) -> None:
        """Declares ``calls`` and addresses the stream; call it in ``build``."""
        builder = self._builder
        stream = Stream(builder.seed if seed is None else seed, "layer", self._path)
        self._stream = {"key": stream.key, "site": stream.site}
        self._stream["shared"] = builder.random == "shared"
        self.add_weight("calls", (), "zeros", trainable=False, dtype="int64")

    def dropped(
        self, x: Tensor, rate: float, noise_shape: tuple[int | None, ...] | None = None
    ) -> Tensor:
        """``x`` after dropout, and one more call counted; once per ``forward``, in training."""
        y = ops.nn.dropout(x, rate=rate, step=self.calls, noise_shape=noise_shape, **self._stream)
        ops.assign(self.calls, self.calls + 1)
        return y


class Dropout(Noisy):
    """In training, ``x/(1 - rate)`` or 0, at random; otherwise ``x`` (Srivastava et al. 2014).

    State: ``calls``, an int64 counter of calls in training.

    Args:
        rate: the part that is dropped, in ``[0, 1]``.
        noise_shape: the mask's shape, batch axis included, broadcast to that of ``x``;
            ``None`` for an axis stands for its size: ``(None, 1, 1, None)`` drops whole
            channels of an image.
        seed: another seed than the model's.
    """

    rate: float
    noise_shape: tuple[int | None, ...] | None = None
    seed: int | None = None

    def check(self) -> None:
        _check.fraction(self, "rate")
        shape: Any = self.noise_shape or ()
        if not all(n is None or (isinstance(n, int) and n > 0) for n in shape):
            raise ConfigError(f"Dropout: noise_shape={shape!r} holds positive integers and None")

    def build(self, input_shape: Shape) -> None:
        self.build_noise(self.seed)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        return self.dropped(x, self.rate, self.noise_shape)
