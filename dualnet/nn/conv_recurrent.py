"""Long short-term memory whose products are convolutions."""

from __future__ import annotations

from dataclasses import KW_ONLY
from typing import Any, ClassVar

from dualnet import ops, windows
from dualnet.nn import _check, activations
from dualnet.nn.cells import as_states
from dualnet.nn.recurrence import ForgetBias, Thinned, times
from dualnet.nn.recurrent import Recurrent
from dualnet.nn.steps import as_one_batch
from dualnet.ops.nn import recurrent
from dualnet.ops.nn.recurrent import States
from dualnet.typing import Shape, Tensor
from dualnet.windows import Padding, Sizes

__all__ = ["ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"]


class ConvLSTM(Recurrent, Thinned):
    """Base: ``(batch, time, *spatial, in)`` to ``(batch, *spatial', filters)``.

    ::

        i, f, g, o = conv(x_t, W) + same_conv(h, U) + b
        c ← σ(f)·c + σ(i)·tanh(g)
        h ← σ(o)·tanh(c)

    As in Shi et al., NeurIPS 2015, without the connections from the cell to the gates.
    Weights: ``kernel (*kernel_size, in, 4·filters)``, ``recurrent_kernel (*kernel_size,
    filters, 4·filters)``, ``bias (4·filters,)``, gates in the order i f g o; states ``h`` and
    ``c``, each ``(batch, *spatial', filters)``.
    """

    filters: int
    kernel_size: Sizes
    strides: Sizes = 1
    padding: Padding = "valid"
    dilation_rate: Sizes = 1
    activation: activations.Activation = "tanh"
    recurrent_activation: activations.Activation = "sigmoid"
    _: KW_ONLY
    unit_forget_bias: bool = True

    spatial: ClassVar[int]

    def check(self) -> None:
        super().check()
        _check.positive(self, "filters")
        for name in ("kernel_size", "strides", "dilation_rate"):
            windows.per_axis(getattr(self, name), self.spatial, name)
        windows.check_padding(self.padding, self.spatial)

    def build(self, input_shape: Shape, *states: Any) -> None:
        axes = self.spatial + 3
        advice = "the layout is (batch, time, *spatial, channels)"
        _check.rank(self, input_shape, axes, axes, advice)
        window = windows.per_axis(self.kernel_size, self.spatial, "kernel_size")
        width = 4 * self.filters
        self.add_in_role("kernel", (*window, input_shape[-1], width))
        self.add_in_role("recurrent", (*window, self.filters, width), name="recurrent_kernel")
        if self.use_bias:
            bias = self.bias_initializer
            first = ForgetBias(bias) if self.unit_forget_bias else bias
            self.add_in_role("bias", (width,), initializer=first)
        self.build_dropout()

    def run(
        self, x: Tensor, initial_state: Any, mask: Tensor | None
    ) -> tuple[Tensor, Tensor, States]:
        projected = as_one_batch(self, self.thinned(x), self._convolved)
        shape = (*projected.shape[2:-1], self.filters)
        if initial_state is None:
            states: States = (ops.nn.zero_state(x, shape=shape),) * 2
        else:
            states = as_states(self, initial_state, (shape, shape))
        functions = activations.get(self.activation), activations.get(self.recurrent_activation)
        fed = self.state_mask(states[0])

        def step(now: Tensor, states: States) -> States:
            h, c = states
            sums = now + ops.nn.conv(times(h, fed), self.recurrent_kernel, padding="same")
            return recurrent.lstm_step(sums, c, *functions)

        outputs, ended = ops.nn.recur(projected, states, step=step, mask=mask)
        return outputs, ended[0], ended

    def _convolved(self, x: Tensor) -> Tensor:
        return ops.nn.conv(
            x,
            self.kernel,
            self.bias if self.use_bias else None,
            strides=self.strides,
            padding=self.padding,
            dilation=self.dilation_rate,
        )


class ConvLSTM1D(ConvLSTM):
    """Convolutional LSTM along one axis: ``(batch, time, size, in)``; see :class:`ConvLSTM2D`."""

    spatial = 1


class ConvLSTM2D(ConvLSTM):
    """Convolutional LSTM of images: ``(batch, time, height, width, in)`` (Shi et al. 2015).

    ::

        i, f, g, o = conv(x_t, W) + same_conv(h, U) + b
        c ← σ(f)·c + σ(i)·tanh(g)
        h ← σ(o)·tanh(c)

    Without connections from the cell to the gates, as Keras has it.  Weights: ``kernel
    (*kernel_size, in, 4·filters)``, ``recurrent_kernel (*kernel_size, filters, 4·filters)``,
    ``bias (4·filters,)``, gates in the order i f g o; states ``h`` and ``c``, each
    ``(batch, height', width', filters)``.

    Args:
        filters: the number of channels of state and output.
        kernel_size, strides, padding, dilation_rate: of the convolution of the input, as for
            :class:`~dualnet.nn.Conv2D`; that of the state keeps its size.
        activation, recurrent_activation, unit_forget_bias: as for :class:`~dualnet.nn.LSTM`.
        use_bias, …: the others as for :class:`~dualnet.nn.SimpleRNN`; one mask of the dropout
            has the shape of a step's input, or of the state.

    Raises:
        ShapeError: an input of another rank or with other channels than the first, or whose
            spatial sizes a graph does not know.
    """

    spatial = 2


class ConvLSTM3D(ConvLSTM):
    """Convolutional LSTM of volumes: ``(batch, time, depth, height, width, in)``.

    See :class:`ConvLSTM2D`.
    """

    spatial = 3
