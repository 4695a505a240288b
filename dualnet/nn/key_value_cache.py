"""What attention keeps of the steps before, so that decoding computes each of them once."""

from __future__ import annotations

from typing import NamedTuple

from dualnet import ops
from dualnet.ops._composed import eager
from dualnet.typing import Tensor

__all__ = ["KVCache"]


class KVCache(NamedTuple):
    """The keys and values of the steps so far, in tensors of a size that does not change.

    A tree of native tensors, so that it goes in and out of compiled functions; its steps never
    change: each call of a layer with a cache gives the next one, and several may go on from one.
    What lies from place ``length`` on is no part of it; the next cache may lie in that memory.

    Attributes:
        keys: ``(batch, heads, max_length, key_dim)``.
        values: ``(batch, heads, max_length, value_dim)``.
        mask: boolean ``(batch, max_length)``: True where there is a step that may be seen.
        length: how many steps were given so far, those of padding included; an int64 scalar.
    """

    keys: Tensor
    values: Tensor
    mask: Tensor
    length: Tensor

    def extended(self, keys: Tensor, values: Tensor, mask: Tensor | None) -> KVCache:
        """The cache with some more steps; where ``mask (batch, steps)`` is False they are padding.

        Raises:
            IndexRangeError: there is no room for them.
        """
        if mask is None:
            mask = ops.ones_like(keys[:, 0, :, 0], dtype="bool")
        return KVCache(
            ops.nn.write_steps(self.keys, keys, self.length, axis=2, reuse=True),
            ops.nn.write_steps(self.values, values, self.length, axis=2, reuse=True),
            ops.nn.write_steps(self.mask, mask, self.length, axis=1, reuse=True),
            self.length + ops.nn.axis_size(keys, axis=2),
        )

    def written(self) -> KVCache:
        """The part in which there are steps; all of it in compiled code, whose sizes stay.

        Its ``mask`` is ``None`` if none of them is padding.
        """
        if not eager(self.length):
            return self
        length = int(self.length)
        keys, values = self.keys[:, :, :length], self.values[:, :, :length]
        mask = self.mask[:, :length]
        return KVCache(keys, values, None if bool(ops.all(mask)) else mask, self.length)

    def seen_from(self, query: Tensor, extended: KVCache) -> Tensor | None:
        """Which places each of the next targets sees: all before it, and its own.

        Args:
            query: ``(batch, heads, targets, features)``, of the steps that come next.
            extended: this cache with these steps, or the :meth:`written` part of that.

        Returns:
            boolean ``(targets, places)``; ``None`` for a single target that sees all of them.
        """
        count, length = ops.nn.axis_size(query, axis=2), extended.keys.shape[2]
        if query.shape[2] == 1 and eager(self.length) and int(self.length) + 1 == length:
            return None
        targets = self.length + ops.nn.places(query, count)
        return ops.less_equal(ops.nn.places(query, length), ops.expand_dims(targets, axis=-1))
