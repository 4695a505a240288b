"""Recurrent layers: one unit for each layer of a stack."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from dualnet.foreign.layouts import channels_last, stacked, summed, time_first, transposed
from dualnet.protocols.foreign import Rule, Unit

#: Native class to kind, and how its biases, the input's and the state's, are ours.
KINDS: dict[type, tuple[str, Callable[[str, list[str]], Rule]]] = {
    nn.LSTM: ("LSTM", summed),
    nn.GRU: ("GRU", stacked),
    nn.RNN: ("SimpleRNN", summed),
}


def recurrent_units(module: Any, path: str) -> Iterator[Unit]:
    kind, bias = next(found for cls, found in KINDS.items() if isinstance(module, cls))
    directions = 2 if module.bidirectional else 1
    for stage in range(module.num_layers):
        variables: dict[str, Tensor] = {}
        rules: list[Rule] = []
        for way in range(directions):
            native, ours = f"_l{stage}{'_reverse' * way}", "_back" * way
            names = [f"weight_ih{native}", f"weight_hh{native}"]
            rules.append(transposed(f"kernel{ours}", names[0], (1, 0)))
            rules.append(transposed(f"recurrent_kernel{ours}", names[1], (1, 0)))
            if module.bias:
                biases = [f"bias_ih{native}", f"bias_hh{native}"]
                rules.append(bias(f"bias{ours}", biases))
                names += biases
            variables |= {name: getattr(module, name) for name in names}
        options: dict[str, Any] = {
            "units": module.hidden_size,
            "return_sequences": True,
            "bidirectional": module.bidirectional,
            "use_bias": module.bias,
        }
        if kind == "GRU":
            options["reset_after"] = True
        if kind == "SimpleRNN":
            options["activation"] = module.nonlinearity
        yield Unit(
            f"{path}.{stage}" if module.num_layers > 1 else path,
            kind,
            type(module).__name__,
            module,
            _call(module, stage, list(variables.values()), directions),
            options,
            variables,
            frozenset(name for name, v in variables.items() if v.requires_grad),
            tuple(rules),
            layout=channels_last if module.batch_first else time_first,
            known=module.proj_size == 0,
        )


def _call(
    module: Any, stage: int, weights: list[Tensor], directions: int
) -> Callable[..., Mapping[str, Tensor]]:
    """One layer of the stack: the native kernel with its weights only."""
    lstm = isinstance(module, nn.LSTM)
    kernel: Any = torch.lstm if lstm else torch.gru
    if isinstance(module, nn.RNN):
        kernel = torch.rnn_tanh if module.nonlinearity == "tanh" else torch.rnn_relu
    own = slice(stage * directions, (stage + 1) * directions)

    def run(training: bool, x: Tensor, hx: Any = None) -> Mapping[str, Tensor]:
        batch = x.shape[0 if module.batch_first else 1]
        zeros = x.new_zeros(directions, batch, module.hidden_size)
        given = [zeros, zeros] if hx is None else [h[own] for h in (hx if lstm else [hx])]
        state = tuple(given) if lstm else given[0]
        options = (module.bias, 1, 0.0, training, module.bidirectional, module.batch_first)
        outputs, last, *_ = kernel(x, state, weights, *options)
        return {"sequences": outputs, "last": last.transpose(0, 1).flatten(1)}

    return run
