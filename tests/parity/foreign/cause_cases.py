"""Two layers with one mistake between them, and the name of the cause.

Both sides are computed by native layers of PyTorch, or by formulas written here; none by the
definitions that causes are tried with.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from dualnet.parity.foreign.facts import Facts
from dualnet.parity.foreign.parting import UpdateStep
from tests.parity.foreign.native_layers import Native, parted, parting

CASES = []


def case(name):
    """Registers a function that makes a parting, and the cause that it must have."""

    def register(make):
        CASES.append((make.__name__, name, make))
        return make

    return register


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


IMAGE, LINE = numbers(2, 9, 8, 4), numbers(3, 7, 4)


def layer(make, *inputs, training=False):
    torch.manual_seed(0)
    module = make().double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
        for name, buffer in module.named_buffers():
            if "running" in name:
                buffer += torch.rand_like(buffer)
    return Native("torch", module, *inputs, training=training)


def pair(make_a, make_b, *inputs, **options):
    """Two native layers with the same weights and different hyperparameters."""
    return parted(layer(make_a, *inputs), layer(make_b, *inputs), **options)


def wrong(right, output, **options):
    """A layer beside one that says it is the same, and gives something else."""
    return parting(
        "forward",
        right.facts,
        replace(right.facts, native="Handmade", path="handmade"),
        **{"inputs": right.inputs, "output_a": right.output, "output_b": output, **options},
    )


def tensor(x):
    return torch.as_tensor(np.ascontiguousarray(x))


def first(x):
    """Channels first."""
    return tensor(np.moveaxis(x, -1, 1))


def last(x):
    return np.moveaxis(x.numpy(), 1, -1)


def changed(make, change, *inputs):
    """A native layer whose parameters a function has changed, beside its first self."""
    right = layer(make, *inputs)
    module = right.unit.owner
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(change(name, parameter.clone()))
    return wrong(right, Native("torch", module, *inputs).output)


# Norms


def batch_norm(**options):
    return lambda: nn.BatchNorm2d(4, **options)


@case("epsilon")
def batch_norm_epsilon():
    return pair(batch_norm(eps=1e-5), batch_norm(eps=1e-3), IMAGE)


@case("epsilon")
def layer_norm_epsilon_that_no_option_tells():
    right = layer(lambda: nn.LayerNorm(4, eps=1e-5), LINE)
    module = right.unit.owner
    return wrong(
        right, F.layer_norm(tensor(LINE), (4,), module.weight, module.bias, 1e-3).detach().numpy()
    )


@case("unbiased variance")
def layer_norm_with_torch_std():
    right = layer(lambda: nn.LayerNorm(4), LINE)
    mean, std = LINE.mean(-1, keepdims=True), LINE.std(-1, keepdims=True, ddof=1)
    w = right.facts.weights
    return wrong(right, (LINE - mean) / np.sqrt(std**2 + 1e-5) * w["gamma"] + w["beta"])


@case("epsilon outside the root")
def layer_norm_with_epsilon_outside():
    right = layer(lambda: nn.LayerNorm(4, eps=1e-3), LINE)
    mean, std = LINE.mean(-1, keepdims=True), LINE.std(-1, keepdims=True)
    w = right.facts.weights
    return wrong(right, (LINE - mean) / (std + 1e-3) * w["gamma"] + w["beta"])


@case("training mode")
def batch_norm_in_the_other_mode():
    right = layer(batch_norm(), IMAGE)
    right.unit.owner.train()
    y = right.unit.owner(first(IMAGE)).detach()
    return wrong(right, last(y))


@case("running statistics")
def batch_norm_with_fresh_statistics():
    right = layer(batch_norm(), IMAGE)
    module = right.unit.owner
    module.reset_running_stats()
    return wrong(right, last(module(first(IMAGE)).detach()))


@case("scale or shift missing")
def group_norm_without_beta():
    right = layer(lambda: nn.GroupNorm(2, 4), IMAGE)
    return wrong(right, right.output - right.facts.weights["beta"])


def moved(a, b):
    """Two batch norms after one pass in training."""
    sides = [layer(batch_norm(**each), IMAGE, training=True) for each in (a, b)]
    facts = [
        replace(side.facts, weights=layer(batch_norm(), IMAGE).facts.weights) for side in sides
    ]
    states = [{n: side.state[n] for n in ("moving_mean", "moving_variance")} for side in sides]
    return parting(
        "state", *facts, inputs=(IMAGE,), training=True, state_a=states[0], state_b=states[1]
    )


@case("momentum convention")
def batch_norm_momentum():
    return moved({"momentum": 0.1}, {"momentum": 0.9})


@case("momentum")
def batch_norm_another_momentum():
    return moved({"momentum": 0.1}, {"momentum": 0.01})


@case("running variance")
def batch_norm_biased():
    found = moved({}, {})
    old, batch = found.a.weights["moving_variance"], IMAGE.var(axis=(0, 1, 2))
    biased = 0.9 * old + 0.1 * batch
    return replace(found, state_b={**found.state_b, "moving_variance": biased})


@case("running statistics")
def batch_norm_that_does_not_move():
    found = moved({}, {})
    still = {name: found.a.weights[name] for name in found.state_a}
    return replace(found, state_b=still)


# Convolutions


def conv(**options):
    return lambda: nn.Conv2d(4, 4, 3, **options)


@case("padding side")
def same_against_symmetric_padding():
    right = layer(conv(stride=2, padding=1), IMAGE)
    padded = nn.functional.pad(first(IMAGE), (0, 1, 1, 1))  # as `same` does: (1, 1), (0, 1)
    module = right.unit.owner
    y = F.conv2d(padded, module.weight, module.bias, stride=2).detach()
    facts = replace(right.facts, options={**right.facts.options, "padding": "same"})
    return replace(wrong(right, last(y)), b=facts)


@case("padding side")
def padding_at_the_wrong_end():
    right = layer(conv(stride=2, padding=1), IMAGE[:, :8])
    module = right.unit.owner

    def padded(low, high):
        x = F.pad(first(IMAGE[:, :8]), (low, high, low, high))
        return last(F.conv2d(x, module.weight, module.bias, stride=2).detach())

    facts = replace(right.facts, options={**right.facts.options, "padding": "same"})
    outputs = {"output_a": padded(0, 1), "output_b": padded(1, 0)}
    return parting("forward", facts, facts, inputs=right.inputs, **outputs)


@case("padding")
def padding_of_another_size():
    return pair(conv(padding=1), conv(padding=2), IMAGE)


@case("strides")
def other_strides():
    return pair(conv(padding=1), conv(padding=1, stride=2), IMAGE)


@case("dilation")
def other_dilation():
    return pair(conv(padding=2, dilation=2), conv(padding=2), IMAGE)


@case("groups")
def other_groups():
    return pair(lambda: nn.GroupNorm(2, 4), lambda: nn.GroupNorm(4, 4), IMAGE)


@case("strides or dilation")
def strides_that_no_option_tells():
    right = layer(conv(padding=1), IMAGE)
    return wrong(right, right.output[:, ::2, ::2])


@case("kernel layout")
def kernel_with_height_and_width_exchanged():
    return changed(conv(), lambda name, p: p.transpose(2, 3) if p.ndim == 4 else p, IMAGE)


@case("kernel layout")
def kernel_flipped():
    return changed(conv(), lambda name, p: p.flip(2, 3) if p.ndim == 4 else p, IMAGE)


@case("kernel layout")
def kernel_with_inputs_and_outputs_exchanged():
    return changed(conv(), lambda name, p: p.transpose(0, 1) if p.ndim == 4 else p, IMAGE)


@case("kernel layout")
def dense_kernel_reshaped_instead_of_transposed():
    return changed(
        lambda: nn.Linear(4, 6), lambda name, p: p.T.reshape(6, 4) if p.ndim == 2 else p, LINE
    )


@case("channel order")
def bgr_against_rgb():
    right = layer(lambda: nn.Conv2d(3, 4, 3), IMAGE[..., :3])
    y = right.unit.owner(first(IMAGE[..., 2::-1])).detach()
    return wrong(right, last(y))


@case("preprocessing")
def pixels_divided_by_255():
    right = layer(conv(), IMAGE)
    return wrong(right, last(right.unit.owner(first(IMAGE / 255.0)).detach()))


@case("axes exchanged")
def height_and_width_exchanged():
    image = IMAGE[:, :8]
    right = layer(conv(), image)
    return wrong(right, last(right.unit.owner(first(image.swapaxes(1, 2))).detach()))


@case("transposed crop")
def transposed_convolution_shifted():
    right = layer(lambda: nn.ConvTranspose2d(4, 3, 3, stride=2, padding=1, output_padding=1), IMAGE)
    module = right.unit.owner
    full = F.conv_transpose2d(first(IMAGE), module.weight, module.bias, stride=2)
    height, width = right.output.shape[1:3]
    return wrong(right, last(full.detach())[:, :height, :width])


@case("bias")
def bias_missing():
    right = layer(lambda: nn.Linear(4, 6), LINE)
    return wrong(right, right.output - right.facts.weights["bias"])


@case("bias")
def bias_counted_twice():
    right = layer(lambda: nn.LSTM(4, 3, batch_first=True), LINE)
    module = right.unit.owner
    with torch.no_grad():
        for bias in (module.bias_ih_l0, module.bias_hh_l0):
            bias.copy_(torch.as_tensor(right.facts.weights["bias"]))
    return wrong(right, module(tensor(LINE))[0].detach().numpy())


@case("Flatten order")
def dense_rows_in_the_order_of_channels_first():
    x = numbers(3, 24)
    right = layer(lambda: nn.Linear(24, 5), x)
    turned = x.reshape(3, 2, 3, 4).transpose(0, 3, 1, 2).reshape(3, 24)
    return wrong(right, right.unit.owner(tensor(turned)).detach().numpy())


@case("activation missing")
def activation_missing():
    right = layer(lambda: nn.Linear(4, 6), LINE)
    return wrong(right, F.gelu(tensor(right.output)).numpy())


@case("float32 inside")
def inputs_cast_to_float32():
    right = layer(lambda: nn.Linear(4, 6), LINE)
    rounded = LINE.astype(np.float32).astype(np.float64)
    return wrong(right, right.unit.owner(tensor(rounded)).detach().numpy())


@case("float32 inside")
def everything_in_float32():
    right = layer(lambda: nn.Linear(4, 6), LINE)
    y = right.unit.owner.float()(tensor(LINE).float())
    return wrong(right, y.detach().double().numpy())


@case("float32 inside")
def slope_in_float32():
    right = layer(lambda: nn.LeakyReLU(0.3), LINE)
    return wrong(right, np.where(LINE > 0, LINE, float(np.float32(0.3)) * LINE))


@case("scale")
def scaled():
    right = layer(lambda: nn.Linear(4, 6), LINE)
    return wrong(right, 6**0.5 * right.output)


@case("weights not transferred")
def weights_of_another_seed():
    sides = layer(lambda: nn.Linear(4, 6), LINE), layer(lambda: nn.Linear(4, 6), LINE)
    facts = replace(
        sides[1].facts,
        weights={n: v + 0.1 * numbers(*v.shape) for n, v in sides[1].facts.weights.items()},
    )
    y = LINE @ facts.weights["kernel"] + facts.weights["bias"]
    return parting(
        "forward", sides[0].facts, facts, inputs=(LINE,), output_a=sides[0].output, output_b=y
    )


@case("weights not transferred")
def weights_that_differ():
    facts = layer(lambda: nn.Linear(4, 6), LINE).facts
    other = {name: value + 1.0 for name, value in facts.weights.items()}
    return parting("weight", facts, replace(facts, weights=other))


@case("kernel layout")
def weights_transposed():
    facts = layer(lambda: nn.Linear(4, 4), LINE).facts
    other = {**facts.weights, "kernel": facts.weights["kernel"].T}
    return parting("weight", facts, replace(facts, weights=other))


# Recurrent layers


def blocks(order):
    def change(name, p):
        return torch.cat([p.chunk(len(order))[place] for place in order])

    return change


def lstm(**options):
    return lambda: nn.LSTM(4, 3, batch_first=True, **options)


def gru():
    return nn.GRU(4, 3, batch_first=True)


@case("gate order")
def lstm_gates_as_in_tensorflow_1():
    return changed(lstm(), blocks((0, 2, 1, 3)), LINE)


@case("gate order")
def gru_gates_as_in_keras():
    return changed(gru, blocks((1, 0, 2)), LINE)


@case("gate order")
def gate_order_of_weights():
    facts = layer(gru, LINE).facts
    turned = {
        n: np.concatenate([np.split(v, 3, -1)[i] for i in (1, 0, 2)], -1)
        for n, v in facts.weights.items()
    }
    return parting("weight", facts, replace(facts, weights=turned))


@case("second bias")
def gru_biases_summed():
    def summed(name, p):
        if name == "bias_hh_l0":
            return torch.zeros_like(p)
        return p + biases["hh"] if name == "bias_ih_l0" else p

    biases = {"hh": dict(layer(gru, LINE).unit.owner.named_parameters())["bias_hh_l0"].detach()}
    return changed(gru, summed, LINE)


@case("second bias")
def gru_recurrent_bias_dropped():
    return changed(gru, lambda n, p: torch.zeros_like(p) if n == "bias_hh_l0" else p, LINE)


@case("forget bias")
def forget_bias_of_one():
    def change(name, p):
        if name == "bias_ih_l0":
            p[3:6] += 1.0
        return p

    return changed(lstm(), change, LINE)


def logistic(x):
    return 1.0 / (1.0 + np.exp(-x))


def hard(x):
    return np.clip(x / 6.0 + 0.5, 0.0, 1.0)


def gru_by_hand(w, x, reset_after=True, gate=logistic, keeps_new=False):
    h, outputs = np.zeros((x.shape[0], 3)), []
    (wr, wz, wn), (ur, uz, un) = (np.split(w[n], 3, -1) for n in ("kernel", "recurrent_kernel"))
    (br, bz, bn), (cr, cz, cn) = (np.split(row, 3, -1) for row in w["bias"])
    for t in range(x.shape[1]):
        r = gate(x[:, t] @ wr + br + h @ ur + cr)
        z = gate(x[:, t] @ wz + bz + h @ uz + cz)
        inner = r * (h @ un + cn) if reset_after else (r * h) @ un + cn
        n = np.tanh(x[:, t] @ wn + bn + inner)
        h = z * n + (1 - z) * h if keeps_new else (1 - z) * n + z * h
        outputs.append(h)
    return np.stack(outputs, 1)


def gru_against(**options):
    right = layer(gru, LINE)
    assert np.allclose(gru_by_hand(right.facts.weights, LINE), right.output, atol=1e-12)
    return wrong(right, gru_by_hand(right.facts.weights, LINE, **options))


@case("reset_after")
def gru_reset_before():
    return gru_against(reset_after=False)


@case("update gate")
def gru_update_gate_the_other_way():
    return gru_against(keeps_new=True)


@case("gate function")
def gru_with_hard_gates():
    return gru_against(gate=hard)


@case("recurrent activation")
def gru_with_another_option():
    found = gru_against(gate=hard)
    options = {**found.b.options, "recurrent_activation": "hard_sigmoid"}
    return replace(found, b=replace(found.b, options=options))


@case("return sequences")
def last_step_only():
    right = layer(gru, LINE)
    found = wrong(right, right.output[:, -1])
    options = {**right.facts.options, "return_sequences": False}
    return replace(found, b=replace(found.b, options=options))


@case("direction")
def backward_outputs_in_their_own_order():
    right = layer(lstm(), LINE)
    return wrong(right, right.output[:, ::-1])


@case("direction")
def sequence_read_from_its_end():
    right = layer(lstm(), LINE)
    return wrong(right, right.unit.owner(tensor(LINE[:, ::-1]))[0].detach().numpy())


@case("backward outputs not realigned")
def bidirectional_not_realigned():
    right = layer(lstm(bidirectional=True), LINE)
    there, back = np.split(right.output, 2, -1)
    return wrong(right, np.concatenate((there, back[:, ::-1]), -1))


@case("order of directions")
def backward_features_first():
    right = layer(lstm(bidirectional=True), LINE)
    there, back = np.split(right.output, 2, -1)
    return wrong(right, np.concatenate((back, there), -1))


@case("activation")
def rnn_with_relu():
    return pair(
        lambda: nn.RNN(4, 3, batch_first=True),
        lambda: nn.RNN(4, 3, batch_first=True, nonlinearity="relu"),
        LINE,
    )


@case("another kind")
def rms_norm_for_layer_norm():
    return pair(lambda: nn.LayerNorm(4), lambda: nn.RMSNorm(4, eps=1e-5), LINE)


# Embeddings


IDS = np.array([[0, 3, 2, 0], [1, 1, 4, 2]])


def embedding():
    return nn.Embedding(6, 9)


@case("padding_idx")
def padding_row():
    right = layer(embedding, IDS)
    return wrong(right, np.where(IDS[..., None] == 0, 0.0, right.output))


@case("embedding ids")
def ids_from_one():
    right = layer(embedding, IDS)
    return wrong(right, right.facts.weights["embeddings"][IDS + 1])


@case("scale")
def embedding_scaled():
    right = layer(embedding, IDS)
    return wrong(right, 3.0 * right.output)


# Attention


def attention(**options):
    return lambda: nn.MultiheadAttention(8, 2, batch_first=True, **options)


STEPS = numbers(2, 5, 8)


def attended(scale=None, mask=None, split="heads", axis=-1, w=None):
    """Attention by hand."""
    w = layer(attention(), STEPS, STEPS, STEPS).facts.weights if w is None else w

    def heads(x):
        if split == "heads":
            return x.reshape(2, 5, 2, 4).transpose(0, 2, 1, 3)
        return x.reshape(2, 5, 4, 2).transpose(0, 3, 1, 2)

    q, k, v = (heads(STEPS @ w[f"{n}_kernel"] + w[f"{n}_bias"]) for n in ("query", "key", "value"))
    scores = (0.5 if scale is None else scale) * q @ k.swapaxes(-1, -2)
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    weights = torch.softmax(tensor(scores), axis).numpy()
    y = weights @ v
    y = y.transpose(0, 2, 1, 3) if split == "heads" else y.transpose(0, 2, 3, 1)
    return y.reshape(2, 5, 8) @ w["output_kernel"] + w["output_bias"]


def attention_against(**options):
    right = layer(attention(), STEPS, STEPS, STEPS)
    assert np.allclose(attended(), right.output, atol=1e-12)
    return wrong(right, attended(**options))


@case("attention scale")
def attention_without_scale():
    return attention_against(scale=1.0)


@case("attention scale")
def attention_scaled_by_all_features():
    return attention_against(scale=8**-0.5)


@case("head split")
def heads_interleaved():
    return attention_against(split="features")


@case("softmax axis")
def softmax_over_targets():
    return attention_against(axis=-2)


@case("heads")
def other_heads():
    a, b = (attention(), lambda: nn.MultiheadAttention(8, 4, batch_first=True))
    return pair(a, b, STEPS, STEPS, STEPS)


@case("causal mask")
def future_hidden_on_one_side():
    return attention_against(mask=np.tril(np.ones((5, 5), bool)))


@case("mask sense")
def mask_negated():
    right = layer(attention(), STEPS, STEPS, STEPS)
    mask = np.random.default_rng(0).random((2, 5, 5)) < 0.5
    mask[..., 0], mask[..., 1] = True, False
    inputs = (STEPS, STEPS, STEPS, mask)
    y, z = (attended(mask=m[:, None]) for m in (mask, ~mask))
    return replace(wrong(right, z), inputs=inputs, output_a=y)


@case("query, key, value exchanged")
def query_and_value_exchanged():
    w = layer(attention(), STEPS, STEPS, STEPS).facts.weights
    exchanged = dict(w)
    for part in ("kernel", "bias"):
        exchanged[f"query_{part}"] = w[f"value_{part}"]
        exchanged[f"value_{part}"] = w[f"query_{part}"]
    return attention_against(w=exchanged)


# Pools and resizing


@case("count_include_pad")
def average_counts_padding():
    return pair(
        lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=False),
        lambda: nn.AvgPool2d(3, 2, 1),
        IMAGE,
    )


@case("maximum of padding")
def maximum_of_zeros():
    right = layer(lambda: nn.MaxPool2d(3, 2, 1), -np.abs(IMAGE))
    y = F.max_pool2d(F.pad(first(-np.abs(IMAGE)), (1, 1, 1, 1)), 3, 2)
    return wrong(right, last(y))


@case("padding side")
def pool_padded_at_the_end():
    right = layer(lambda: nn.MaxPool2d(3, 2, 1), IMAGE)
    y = F.max_pool2d(F.pad(first(IMAGE), (0, 2, 0, 2), value=-np.inf), 3, 2)
    return wrong(right, last(y))


@case("pool size")
def other_pool_size():
    return pair(lambda: nn.MaxPool2d(2, 1), lambda: nn.MaxPool2d(3, 1), IMAGE)


@case("ceil mode")
def ceil_mode():
    return pair(lambda: nn.MaxPool2d(2), lambda: nn.MaxPool2d(2, ceil_mode=True), IMAGE)


@case("maximum against mean")
def other_pool():
    right = layer(lambda: nn.MaxPool2d(2), IMAGE)
    return wrong(right, last(F.avg_pool2d(first(IMAGE), 2)))


def upsample(**options):
    return lambda: nn.Upsample((13, 5), **options)


@case("align corners")
def corners_aligned():
    return pair(upsample(mode="bilinear"), upsample(mode="bilinear", align_corners=True), IMAGE)


@case("antialias")
def smoothed_before_shrinking():
    right = layer(upsample(mode="bilinear"), IMAGE)
    y = F.interpolate(first(IMAGE), (13, 5), mode="bilinear", antialias=True)
    return wrong(right, last(y))


@case("size")
def other_size():
    return pair(upsample(mode="bilinear"), lambda: nn.Upsample((12, 5), mode="bilinear"), IMAGE)


@case("interpolation")
def nearest_by_floor():
    right = layer(upsample(mode="nearest-exact"), IMAGE)
    return wrong(right, last(F.interpolate(first(IMAGE), (13, 5), mode="nearest")))


@case("bicubic constant")
def bicubic_constant():
    right = layer(upsample(mode="bicubic"), IMAGE)
    facts = replace(right.facts, options={**right.facts.options, "cubic": -0.75})
    found = wrong(right, keys(IMAGE, (13, 5), -0.5))
    return replace(found, b=replace(facts, native="Handmade", options=right.facts.options))


def keys(x, sizes, a):
    """Cubic interpolation with half-pixel centres, pixel by pixel."""
    for axis, size in enumerate(sizes, 1):
        x, n = np.moveaxis(x, axis, 0), x.shape[axis]
        rows = []
        for i in range(size):
            at = (i + 0.5) * n / size - 0.5
            row = np.zeros_like(x[0])
            for j in range(int(np.floor(at)) - 1, int(np.floor(at)) + 3):
                t = abs(at - j)
                near = (a + 2) * t**3 - (a + 3) * t**2 + 1
                far = a * (t**3 - 5 * t**2 + 8 * t - 4)
                row += (near if t <= 1 else far) * x[min(max(j, 0), n - 1)]
            rows.append(row)
        x = np.moveaxis(np.stack(rows), 0, axis)
    return x


# Activations and dropout


@case("GELU form")
def gelu_by_tanh():
    return pair(nn.GELU, lambda: nn.GELU("tanh"), LINE)


@case("GELU form")
def gelu_by_sigmoid():
    return wrong(layer(nn.GELU, LINE), (tensor(LINE) * torch.sigmoid(1.702 * tensor(LINE))).numpy())


@case("leaky slope")
def leaky_slope():
    return wrong(layer(nn.LeakyReLU, LINE), F.leaky_relu(tensor(LINE), 0.2).numpy())


@case("softmax axis")
def softmax_axis():
    return wrong(layer(lambda: nn.Softmax(-1), LINE), torch.softmax(tensor(LINE), 1).numpy())


@case("axis")
def softmax_over_another_axis():
    return pair(lambda: nn.Softmax(-1), lambda: nn.Softmax(1), LINE)


@case("alpha")
def elu_alpha():
    return pair(nn.ELU, lambda: nn.ELU(0.5), LINE)


@case("softplus threshold")
def softplus_threshold():
    x = 30.0 * np.abs(LINE)
    right = layer(nn.Softplus, x)
    options = {"activation": "softplus"}
    found = wrong(right, np.logaddexp(0.0, x))
    return replace(found, gate=1e-15, b=replace(found.b, options=options))


@case("softmax or logits")
def softmax_twice():
    right = layer(lambda: nn.Softmax(-1), LINE)
    return wrong(right, torch.softmax(tensor(right.output), -1).numpy())


@case("hard sigmoid")
def hard_sigmoid_of_keras_2():
    return wrong(layer(nn.Hardsigmoid, LINE), np.clip(0.2 * LINE + 0.5, 0, 1))


@case("activation")
def relu_for_silu():
    return wrong(layer(nn.SiLU, LINE), np.maximum(LINE, 0))


@case("dropout scale")
def dropout_not_rescaled():
    facts = Facts("drop", "Dropout", "Dropout", {"rate": 0.25})
    keep = np.random.default_rng(0).random(LINE.shape) < 0.75
    return parting(
        "forward",
        facts,
        facts,
        inputs=(LINE,),
        training=True,
        output_a=LINE * keep / 0.75,
        output_b=LINE * keep,
    )


@case("dropout scale")
def rate_that_means_what_is_kept():
    found = dropout_not_rescaled()
    return replace(found, output_b=found.output_b / 0.25)


@case("dropout rate")
def other_rate():
    found = dropout_not_rescaled()
    facts = replace(found.b, options={"rate": 0.5})
    return replace(found, b=facts, output_b=found.output_b / 0.5)


@case("order of axes")
def axes_in_another_order():
    a, b = (
        Facts("permute", "Permute", "Permute", {"dims": dims}) for dims in ((3, 1, 2), (2, 1, 3))
    )
    outputs = {"output_a": IMAGE.transpose(0, 3, 1, 2), "output_b": IMAGE.transpose(0, 2, 1, 3)}
    return parting("forward", a, b, inputs=(IMAGE,), **outputs)


@case("Flatten order")
def flatten_channels_first():
    right = layer(nn.Flatten, IMAGE)
    facts = Facts("flatten", "Flatten", "Flatten")
    y = IMAGE.reshape(2, -1)
    return replace(wrong(right, first(IMAGE).numpy().reshape(2, -1)), a=facts, b=facts, output_a=y)


# Between layers


def between(before, a, b, **options):
    facts = Facts("next", "Dense", "Linear")
    return parting("between", facts, facts, inputs=(before,), output_a=a, output_b=b, **options)


@case("Flatten order")
def flattened_between():
    return between(IMAGE, IMAGE.reshape(2, -1), IMAGE.transpose(0, 3, 1, 2).reshape(2, -1))


@case("GELU form")
def code_for_a_layer():
    gelu = layer(nn.GELU, LINE)
    by_tanh = F.gelu(tensor(LINE), approximate="tanh").numpy()
    return between(LINE, gelu.output, by_tanh, alone_a=(gelu.facts,))


@case("activation")
def code_for_code():
    return between(LINE, np.maximum(LINE, 0), np.tanh(LINE))


@case("maximum against mean")
def another_pool_between():
    mean = layer(lambda: nn.AdaptiveAvgPool2d(1), IMAGE)
    return between(IMAGE, mean.output, IMAGE.max((1, 2)), alone_a=(mean.facts,))


@case("order of concatenation")
def halves_exchanged_between():
    return between(LINE, LINE, np.roll(LINE, 2, -1))


@case("activation missing")
def relu_between():
    return between(LINE, LINE, np.maximum(LINE, 0))


@case("layer missing")
def norm_between():
    norm = layer(lambda: nn.LayerNorm(4), LINE)
    return between(LINE, LINE, norm.output, alone_b=(norm.facts,))


@case("skip connection")
def residual_between():
    y = numbers(*LINE.shape, seed=5)
    found = between(y, y, y + LINE)
    return replace(found, inputs=(y, LINE))


@case("softmax or logits")
def softmax_between():
    return between(LINE, LINE, torch.softmax(tensor(LINE), -1).numpy())


@case("scale")
def scale_between():
    return between(LINE, LINE, 0.5 * LINE)


@case("channel order")
def channels_reversed_between():
    return between(IMAGE, IMAGE, IMAGE[..., ::-1])


@case("feature order")
def features_permuted_between():
    x = numbers(5, 7)
    return between(x, x, x[:, [3, 0, 2, 6, 1, 5, 4]])


# Gradients


def gradients(kind, a, b):
    facts, y = Facts("layer", kind, kind), numbers(2, 3)
    found = parting("gradient", facts, facts, output_a=y, output_b=y)
    distance = replace(found.distance, relative=np.inf)
    return replace(found, distance=distance, gradients_a=a, gradients_b=b)


@case("padding_idx")
def padding_row_that_does_not_train():
    g = numbers(6, 3)
    still = g.copy()
    still[2] = 0.0
    return gradients("Embedding", {"embeddings": g}, {"embeddings": still})


@case("frozen weight")
def frozen_bias():
    g, b = numbers(4, 3), numbers(3, seed=1)
    return gradients("Dense", {"kernel": g, "bias": b}, {"kernel": g, "bias": 0 * b})


@case("gradient scale")
def gradient_twice():
    g, b = numbers(4, 3), numbers(3, seed=1)
    return gradients("Dense", {"kernel": g, "bias": b}, {"kernel": g, "bias": 2 * b})


# Losses


def losses(kind, a, b, targets, output, options_a=None, options_b=None):
    sides = [Facts("", kind, kind, options or {}) for options in (options_a, options_b)]
    scalars = {"output_a": np.asarray(a, float), "output_b": np.asarray(b, float)}
    return parting("loss", *sides, inputs=(targets, output), **scalars)


LOGITS, LABELS = tensor(numbers(6, 5)), torch.tensor([0, 4, 2, 1, 1, 3])
Y, Z = tensor(numbers(6, 3)), tensor(numbers(6, 3, seed=2))


@case("loss reduction")
def sum_against_mean():
    a, b = (F.mse_loss(Z, Y, reduction=r) for r in ("mean", "sum"))
    return losses("MeanSquaredError", a, b, Y.numpy(), Z.numpy())


@case("loss reduction")
def mean_over_the_batch():
    a, b = F.mse_loss(Z, Y), F.mse_loss(Z, Y, reduction="sum") / len(Y)
    return losses("a function", a, b, Y.numpy(), Z.numpy())


@case("from_logits")
def probabilities_into_a_loss_of_logits():
    p = torch.softmax(LOGITS, -1)
    a, b = F.nll_loss(torch.log(p), LABELS), F.cross_entropy(p, LABELS)
    options = {"from_logits": False}, {"from_logits": True}
    return losses("CrossEntropy", a, b, LABELS.numpy(), p.numpy(), *options)


@case("Huber scale")
def smooth_l1():
    a, b = F.huber_loss(Z, Y, delta=0.5), F.smooth_l1_loss(Z, Y, beta=0.5)
    return losses("Huber", a, b, Y.numpy(), Z.numpy(), {"delta": 0.5}, {"delta": 0.5})


@case("loss reduction")
def kl_divergence():
    p, logs = torch.softmax(Y, -1), torch.log_softmax(Z, -1)
    total = F.kl_div(logs, p, reduction="sum")
    return losses("KLDivergence", total / p.numel(), total / len(p), p.numpy(), logs.numpy())


@case("KLDiv input")
def kl_divergence_of_probabilities():
    p, q = torch.softmax(Y, -1), torch.softmax(Z, -1)
    a, b = (F.kl_div(each, p, reduction="sum") for each in (q.log(), q))
    options = {"reduction": "sum", "logarithms": False}
    return losses("KLDivergence", a, b, p.numpy(), q.numpy(), options, options)


@case("Huber delta")
def huber_delta():
    a, b = (F.huber_loss(Z, Y, delta=d) for d in (0.5, 1.0))
    return losses("Huber", a, b, Y.numpy(), Z.numpy(), {"delta": 0.5}, {"delta": 1.0})


@case("loss factor")
def half_the_loss():
    a = F.mse_loss(Z, Y)
    return losses("MeanSquaredError", a, 0.5 * a, Y.numpy(), Z.numpy())


@case("label smoothing")
def smoothed():
    a, b = F.cross_entropy(LOGITS, LABELS), F.cross_entropy(LOGITS, LABELS, label_smoothing=0.1)
    return losses("CrossEntropy", a, b, LABELS.numpy(), LOGITS.numpy())


@case("loss shape")
def broadcast():
    y, z = Y[:, :1], Z[:, 0]
    a, b = F.mse_loss(z, y[:, 0]), ((z - y) ** 2).mean()
    return losses("MeanSquaredError", a, b, y.numpy(), z[:, None].numpy())


# Optimizers


def stepped(make, steps=3, rates=None, change=None):
    """A parameter under a native optimizer: its values and gradients, and what comes of them."""
    p = nn.Parameter(torch.linspace(0.5, 2.0, 6).double())
    native, found = make([p]), []
    for t in range(steps):
        g = tensor(numbers(6, seed=t))
        if rates:
            native.param_groups[0]["lr"] = rates[t]
        found.append((p.detach().numpy().copy(), g.numpy().copy()))
        p.grad = g if change is None else change(g)
        native.step()
    return found, p.detach().numpy().copy()


def optimizers(kind, a, b, options_a, options_b=None):
    """The last step of two runs; the second starts its last step from the first one's values."""
    history, result_a = a
    (*earlier, (parameter, gradient)) = history
    result_b = b(parameter, gradient, earlier)
    update = UpdateStep(len(history), parameter, gradient, tuple(earlier), result_a, result_b)
    sides = [Facts("", kind, kind, o) for o in (options_a, options_b or options_a)]
    found = parting("update", *sides, output_a=result_a, output_b=result_b, update=update)
    return replace(found, output_a=None, output_b=None)


def rerun(make, change=None):
    """Another native optimizer, given the same parameters and gradients."""

    def run(parameter, gradient, earlier):
        p = nn.Parameter(torch.zeros(6).double())
        native = make([p])
        for value, g in [*earlier, (parameter, gradient)]:
            with torch.no_grad():
                p.copy_(tensor(value))
            p.grad = tensor(g) if change is None else change(tensor(g))
            native.step()
        return p.detach().numpy()

    return run


def adam(**options):
    return lambda ps: torch.optim.Adam(ps, lr=0.1, **options)


def sgd(**options):
    return lambda ps: torch.optim.SGD(ps, lr=0.1, **options)


ADAM, SGD = {"learning_rate": 0.1, "epsilon": 1e-8}, {"learning_rate": 0.1, "momentum": 0.9}


@case("epsilon")
def adam_epsilon():
    return optimizers(
        "Adam", stepped(adam()), rerun(adam(eps=1e-7)), ADAM, {**ADAM, "epsilon": 1e-7}
    )


@case("betas")
def adam_betas():
    options = {**ADAM, "beta_2": 0.99}
    return optimizers("Adam", stepped(adam()), rerun(adam(betas=(0.9, 0.99))), ADAM, options)


def adam_by_hand(place, epsilon=1e-3, correct=True, first=1):
    def run(parameter, gradient, earlier):
        m = v = 0.0
        for t, (p, g) in enumerate([*earlier, (parameter, gradient)], first):
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            c1, c2 = (1 - 0.9**t, 1 - 0.999**t) if correct else (1.0, 1.0)
            if place == "hat":
                new = p - 0.1 * np.sqrt(c2) / c1 * m / (np.sqrt(v) + epsilon)
            elif place == "inside":
                new = p - 0.1 * (m / c1) / np.sqrt(v / c2 + epsilon)
            else:
                new = p - 0.1 * (m / c1) / (np.sqrt(v / c2) + epsilon)
        return new

    return run


def adam_against(**options):
    return optimizers(
        "Adam", stepped(adam(eps=1e-3)), adam_by_hand(**options), {**ADAM, "epsilon": 1e-3}
    )


@case("epsilon placement")
def adam_epsilon_hat():
    return adam_against(place="hat")


@case("epsilon placement")
def adam_epsilon_inside():
    return adam_against(place="inside")


@case("bias correction")
def adam_uncorrected():
    return adam_against(place="outside", correct=False)


@case("step count")
def adam_one_step_behind():
    return adam_against(place="outside", first=2)


@case("amsgrad")
def adam_amsgrad():
    return optimizers("Adam", stepped(adam(), 5), rerun(adam(amsgrad=True)), ADAM)


@case("weight decay")
def decay_coupled_against_decoupled():
    def adamw(ps):
        return torch.optim.AdamW(ps, lr=0.1, weight_decay=0.01)

    return optimizers(
        "Adam",
        stepped(adam(weight_decay=0.01)),
        rerun(adamw),
        {**ADAM, "l2": 0.01},
        {**ADAM, "weight_decay": 0.01},
    )


@case("weight decay")
def penalty_of_twice_the_factor():
    return optimizers(
        "SGD",
        stepped(sgd(momentum=0.9, weight_decay=0.01)),
        rerun(sgd(momentum=0.9, weight_decay=0.02)),
        {**SGD, "l2": 0.01},
    )


@case("momentum")
def another_momentum():
    return optimizers(
        "SGD", stepped(sgd(momentum=0.9)), rerun(sgd(momentum=0.8)), SGD, {**SGD, "momentum": 0.8}
    )


@case("nesterov")
def nesterov():
    return optimizers(
        "SGD", stepped(sgd(momentum=0.9)), rerun(sgd(momentum=0.9, nesterov=True)), SGD
    )


@case("momentum convention")
def rate_inside_the_momentum():
    def halved(step):
        return 0.1 * 0.5**step

    def keras(parameter, gradient, earlier):
        v = 0.0
        for t, (p, g) in enumerate([*earlier, (parameter, gradient)]):
            v = 0.9 * v - halved(t) * g
            new = p + v
        return new

    rates = [halved(t) for t in range(3)]
    options = {**SGD, "learning_rate": halved}
    return optimizers("SGD", stepped(sgd(momentum=0.9), rates=rates), keras, options)


@case("learning rate")
def another_rate():
    return optimizers(
        "SGD",
        stepped(sgd()),
        rerun(lambda ps: torch.optim.SGD(ps, lr=0.05)),
        {"learning_rate": 0.1},
        {"learning_rate": 0.05},
    )


@case("second bias")
def two_biases():
    def both(parameter, gradient, earlier):
        alone = rerun(sgd(momentum=0.9))(parameter, gradient, earlier)
        return parameter + 2.0 * (alone - parameter)

    return optimizers("SGD", stepped(sgd(momentum=0.9)), both, SGD)


@case("epsilon placement")
def rmsprop_epsilon_inside():
    def inside(parameter, gradient, earlier):
        s = 0.0
        for p, g in [*earlier, (parameter, gradient)]:
            s = 0.9 * s + 0.1 * g * g
            new = p - 0.1 * g / np.sqrt(s + 1e-3)
        return new

    options = {"learning_rate": 0.1, "rho": 0.9, "epsilon": 1e-3}
    right = stepped(lambda ps: torch.optim.RMSprop(ps, lr=0.1, alpha=0.9, eps=1e-3))
    return optimizers("RMSprop", right, inside, options)


@case("centered")
def rmsprop_centered():
    def rmsprop(**options):
        return lambda ps: torch.optim.RMSprop(ps, lr=0.1, **options)

    options = {"learning_rate": 0.1, "rho": 0.99}
    right, other = stepped(rmsprop()), rerun(rmsprop(centered=True))
    return optimizers("RMSprop", right, other, options, {**options, "centered": True})


@case("initial accumulator")
def adagrad_accumulator():
    options = {"learning_rate": 0.1, "epsilon": 1e-10}

    def make(start):
        return lambda ps: torch.optim.Adagrad(ps, lr=0.1, initial_accumulator_value=start)

    return optimizers("Adagrad", stepped(make(0.0)), rerun(make(0.1)), options)


@case("clipping")
def clipped_alone_against_together():
    def together(g):
        return 0.3 * g

    def by_norm(g):
        return g * min(1.0, 1.0 / float(g.norm()))

    return optimizers(
        "SGD",
        stepped(sgd(), change=by_norm),
        rerun(sgd(), change=together),
        {"learning_rate": 0.1, "clipnorm": 1.0},
        {"learning_rate": 0.1, "global_clipnorm": 1.0},
    )


@case("float32 inside")
def momentum_in_float32():
    return optimizers(
        "SGD", stepped(sgd(momentum=0.9)), rerun(sgd(momentum=float(np.float32(0.9)))), SGD
    )
