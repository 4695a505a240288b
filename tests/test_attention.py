"""Attention layers: the frameworks' own, masks that are carried, decoding with a cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import torch
from test_layers import EXACT, NATIVE

import dualnet as dn
from dualnet import dtypes, nn, ops
from dualnet.errors import (
    ConfigError,
    DtypeError,
    IndexRangeError,
    NotBuiltError,
    ShapeError,
    UnknownName,
)
from dualnet.random import Stream

RANDOM = np.random.default_rng(11)
QUERY, VALUE, KEY = (RANDOM.normal(size=shape) for shape in ((2, 4, 6), (2, 5, 6), (2, 5, 6)))
#: Padding in front and behind.
THERE = {
    "query": np.array([[1, 1, 1, 0], [1, 1, 1, 1]], bool),
    "value": np.array([[1, 1, 1, 0, 0], [0, 1, 1, 1, 1]], bool),
    "key": np.array([[1, 1, 1, 1, 1], [1, 0, 1, 1, 1]], bool),
}
PADDING = {f"{name}_mask": mask for name, mask in THERE.items()}


def model_of(layer: nn.Layer, backend: str, dtype: str = "float64", features: int = 6) -> dn.Model:
    return dn.Model(layer, ((4, features), (5, features)), backend=backend, dtype=dtype, seed=3)


def run(model: dn.Model, *arrays: np.ndarray, **options: Any) -> list[np.ndarray]:
    """What the layer gives, as NumPy; arrays among the options are converted, too."""
    native = NATIVE[model.backend.name]
    options = {
        name: native.tensor(value, "float64") if isinstance(value, np.ndarray) else value
        for name, value in options.items()
    }
    found = model.native(*map(model.to_native, arrays), **options)
    return [dn.to_numpy(y) for y in (found if isinstance(found, tuple) else (found,))]


def near(got: Any, wanted: Any, tolerance: float = EXACT) -> None:
    np.testing.assert_allclose(got, wanted, rtol=0, atol=tolerance)


# The frameworks' own

#: Keras rounds ``1/√key_dim`` to float32 in a layer of float64; of 4 it is exact.
KEY_DIM = 4


def keras_multi_head() -> tuple[nn.Layer, Any, Callable[..., Any]]:
    ours = nn.MultiHeadAttention(2, KEY_DIM, value_dim=3, use_key_bias=True)
    theirs = keras.layers.MultiHeadAttention(2, KEY_DIM, value_dim=3, dtype="float64")
    return ours, theirs, lambda q, v, k, **o: theirs(q, v, key=k, **o)


def keras_grouped() -> tuple[nn.Layer, Any, Callable[..., Any]]:
    ours = nn.GroupQueryAttention(KEY_DIM, 4, 2, use_key_bias=True)
    theirs = keras.layers.GroupQueryAttention(KEY_DIM, 4, 2, dtype="float64")
    return ours, theirs, lambda q, v, k, **o: theirs(q, v, key=k, **o)


def in_a_list(theirs: Any) -> Callable[..., Any]:
    """Keras's simple layers take a list of inputs and one of masks, and none for the key."""

    def call(q: Any, v: Any, k: Any, *, query_mask: Any = None, value_mask: Any = None, **o: Any):
        return theirs([q, v, k], mask=[query_mask, value_mask], **o)

    return call


def keras_dot() -> tuple[nn.Layer, Any, Callable[..., Any]]:
    theirs = keras.layers.Attention(use_scale=True, dtype="float64")
    return nn.Attention(use_scale=True), theirs, in_a_list(theirs)


def keras_concat() -> tuple[nn.Layer, Any, Callable[..., Any]]:
    theirs = keras.layers.Attention(use_scale=True, score_mode="concat", dtype="float64")
    return nn.Attention(use_scale=True, score_mode="concat"), theirs, in_a_list(theirs)


def keras_additive() -> tuple[nn.Layer, Any, Callable[..., Any]]:
    theirs = keras.layers.AdditiveAttention(dtype="float64")
    return nn.AdditiveAttention(), theirs, in_a_list(theirs)


@pytest.mark.parametrize(
    "make", [keras_multi_head, keras_grouped, keras_dot, keras_concat, keras_additive]
)
def test_is_that_of_keras(make: Any, backend: str) -> None:
    """Weights carried over; every mask that Keras knows, and no target that sees nothing."""
    ours, theirs, call = make()
    model = model_of(ours, backend)
    state = {
        name: RANDOM.uniform(0.5, 1.5, value.shape) * RANDOM.choice((-1, 1), value.shape)
        for name, value in model.state().items()
    }
    model.load_state(state)
    call(QUERY, VALUE, KEY)  # makes the weights
    for variable in theirs.weights:
        *_, part, kind = ("", *variable.path.split("/"))
        part = part.removeprefix("attention_")
        value = state.get(f"{part}_{kind}", state.get(kind))
        variable.assign(value.reshape(variable.shape))
    projected = isinstance(ours, (nn.MultiHeadAttention, nn.GroupedQueryAttention))
    masks = {k: m for k, m in PADDING.items() if projected or k != "key_mask"}
    for options in ({}, {"use_causal_mask": True}, masks):
        wanted = call(QUERY, VALUE, KEY, return_attention_scores=True, **options)
        found = run(model, QUERY, VALUE, KEY, return_attention_scores=True, **options)
        there = PADDING["query_mask"] if options is masks else np.ones((2, 4), bool)
        near(found[0][there], np.asarray(wanted[0])[there])
        weights = np.moveaxis(found[1], -2, 1)[there]  # (target, [heads,] sources)
        near(weights, np.moveaxis(np.asarray(wanted[1]), -2, 1)[there])


def test_is_that_of_pytorch(backend: str) -> None:
    theirs = torch.nn.MultiheadAttention(6, 2, batch_first=True, dtype=torch.float64)
    model = model_of(nn.MultiHeadAttention(2, 3, use_key_bias=True), backend)
    packed = {name: value.detach().numpy() for name, value in theirs.named_parameters()}
    names = ("query", "key", "value")
    state = {"output_kernel": packed["out_proj.weight"].T, "output_bias": packed["out_proj.bias"]}
    for name, kernel in zip(names, np.split(packed["in_proj_weight"], 3), strict=True):
        state[f"{name}_kernel"] = kernel.T
    for name, bias in zip(names, np.split(packed["in_proj_bias"], 3), strict=True):
        state[f"{name}_bias"] = bias + 0.1
    with torch.no_grad():
        theirs.in_proj_bias += 0.1
    model.load_state(state)
    blocked = torch.tensor(~THERE["value"])
    wanted = theirs(
        *map(torch.tensor, (QUERY, KEY, VALUE)),
        key_padding_mask=blocked,
        average_attn_weights=False,
    )
    found = run(model, QUERY, VALUE, KEY, value_mask=THERE["value"], return_attention_scores=True)
    for got, want in zip(found, wanted, strict=True):
        near(got, want.detach().numpy())


def test_the_kernel_of_pytorch_is_used_for_values_and_first_derivatives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is faster, and has neither second nor forward derivatives."""
    kernel, calls = torch.nn.functional.scaled_dot_product_attention, []
    monkeypatch.setattr(
        torch.nn.functional,
        "scaled_dot_product_attention",
        lambda *args, **options: calls.append(1) or kernel(*args, **options),
    )
    model = model_of(nn.MultiHeadAttention(2, 3), "torch")
    x = model.to_native(QUERY)
    calls.clear()
    dn.jvp(lambda q: ops.nn.dot_product_attention(q, q, q), (x,), (x,))
    assert not calls
    with_gradients = model.native(x, x, use_causal_mask=True)
    assert len(calls) == 1
    with torch.no_grad():
        without = model.native(x, x, use_causal_mask=True)
    assert len(calls) == 2
    near(without.numpy(), with_gradients.detach().numpy())


def test_the_kernel_of_pytorch_has_all_derivatives_of_the_definition() -> None:
    """Also of one tensor in three roles, of some arguments only, and of several at once."""
    x, y = (torch.tensor(QUERY.ravel()[i : i + 6].reshape(1, 1, 3, 2)) for i in (0, 6))
    x.requires_grad_()
    for attend in (
        lambda x: ops.nn.dot_product_attention(x, x, x, causal=True),
        lambda x: ops.nn.dot_product_attention(y, x, y, scale=0.3),
    ):
        assert torch.autograd.gradcheck(attend, (x,), check_batched_grad=True)
        assert torch.autograd.gradgradcheck(attend, (x,), check_batched_grad=True)
        first, differentiable = (
            torch.autograd.grad((attend(x) ** 2).sum(), x, create_graph=again)[0]
            for again in (False, True)
        )
        near(differentiable.detach().numpy(), first.numpy())


# Masks

LAYERS = [
    nn.MultiHeadAttention(2, 3),
    nn.GroupedQueryAttention(3, 4, 2),
    nn.Attention(),
    nn.AdditiveAttention(),
]
NAMES = [type(layer).__name__ for layer in LAYERS]


@pytest.mark.parametrize("layer", LAYERS, ids=NAMES)
def test_masks_are_taken_and_carried(layer: nn.Layer, backend: str) -> None:
    model = dn.Model(layer, backend=backend, dtype="float64")
    native = NATIVE[backend]
    query, value, key = (
        nn.Masked(native.tensor(x, "float64"), native.tensor(THERE[name], "bool"))
        for name, x in (("query", QUERY), ("value", VALUE), ("key", KEY))
    )
    found, weights = model.native(query, value, key, return_attention_scores=True)
    explicit = run(model, QUERY, VALUE, KEY, return_attention_scores=True, **PADDING)
    assert isinstance(found, nn.Masked)
    assert native.numpy(found.mask).tolist() == THERE["query"].tolist()
    near(native.numpy(found.values), explicit[0])
    near(native.numpy(weights), explicit[1])
    assert (explicit[1][..., ~(THERE["value"] & THERE["key"])[0]][0] == 0).all()
    plain = model.native(query.values, value)
    assert not isinstance(plain, nn.Masked)  # the query has no mask
    near(native.numpy(plain), run(model, QUERY, VALUE, value_mask=THERE["value"])[0])
    both = model.native(query, value, attention_mask=native.tensor(np.ones((2, 4, 5), bool), ""))
    wanted = run(model, QUERY, VALUE, query_mask=THERE["query"], value_mask=THERE["value"])
    near(native.numpy(both.values), wanted[0])


def test_padding_changes_nothing(backend: str) -> None:
    """A sequence alone, and the same one padded beside another."""
    ids = np.array([[3, 1, 4, 0, 0], [1, 5, 9, 2, 6]])
    x = nn.Input((None,), "int64")
    words = nn.Masking()(nn.Embedding(10, 4)(x))
    attended = nn.MultiHeadAttention(2, 3)(words, words)
    net = nn.Graph(x, nn.Unmask(0.0)(attended))
    model = dn.Model(net, backend=backend, dtype="float64")
    table = model.state()["embedding.embeddings"]
    table[0] = 0.0  # what Masking takes for padding
    model.load_state({"embedding.embeddings": table}, strict=False)
    padded, alone = (dn.to_numpy(model(part)) for part in (ids, ids[:1, :3]))
    near(padded[:1, :3], alone)
    assert not padded[0, 3:].any()


# Dropout


@pytest.mark.parametrize("layer", LAYERS, ids=NAMES)
def test_weights_are_dropped_by_the_seed_of_the_layer(layer: nn.Layer, backend: str) -> None:
    """Scores are told before they are dropped; of a second call, others are."""
    layer = layer.replace(dropout=0.5, seed=5)
    state = model_of(layer, backend).state()
    found = []
    for seed in (0, 1):
        model = dn.Model(layer, ((4, 6), (5, 6)), backend=backend, dtype="float64", seed=seed)
        model.load_state(state)
        model.backend.layers.set_training(model.native, True)
        found.append([run(model, QUERY, VALUE, return_attention_scores=True) for _ in range(2)])
        assert model.state()["calls"] == 2
    for one, other in zip(*found, strict=True):
        near(one[0], other[0], 0.0)
    (first, weights), (second, _) = found[0]
    near(weights.sum(-1), np.ones_like(weights[..., 0]))
    assert abs(first - second).max() > 0.01
    if isinstance(layer, (nn.Attention, nn.AdditiveAttention)):
        words = Stream(5, "layer", "", 0).words(weights.size).reshape(weights.shape)
        near(first, np.where(words >= 2**31, 2 * weights, 0.0) @ VALUE)


# Half precision


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("masked", [False, True])
def test_half_precision_sums_in_float32(dtype: str, masked: bool, backend: str) -> None:
    """Rows of 2000 equal scores, whose sum no half precision holds exactly."""
    model = dn.Model(nn.Attention(), ((1, 1), (2000, 1)), backend=backend, dtype=dtype)
    value = np.ones((1, 2000, 1))
    there = np.arange(2000)[None] >= 1000 * masked
    native = NATIVE[backend]
    mask = {"value_mask": native.tensor(there, "")} if masked else {}
    x = [model.to_native(array) for array in (np.ones((1, 1, 1)), value)]
    _, weights = model.native(*x, return_attention_scores=True, **mask)
    assert model.backend.state.dtype_name(weights) == dtypes.policy(dtype).compute
    found = dn.to_numpy(ops.astype(weights, "float64"))[0, 0]
    wanted = there[0] / there.sum()
    unit = {"float16": 2.0**-11, "bfloat16": 2.0**-8}[dtypes.policy(dtype).compute]
    assert (abs(found - wanted) <= unit * wanted).all()  # rounded once


@pytest.mark.parametrize("dtype", ["float16", "mixed_bfloat16"])
def test_half_precision_trains_without_nan(dtype: str, backend: str) -> None:
    """Large scores, a target that sees nothing, dropout: every gradient is finite."""
    model = model_of(nn.MultiHeadAttention(2, 3, dropout=0.5), backend, dtype)
    model.backend.layers.set_training(model.native, True)
    native = NATIVE[backend]
    seen = native.tensor(np.array([[1, 0, 1, 1], [0, 0, 0, 0]], bool), "")
    x, y = (model.to_native(30 * array) for array in (QUERY, VALUE))
    with dn.GradientTape() as tape:
        loss = ops.mean(model.native(x, y, query_mask=seen) ** 2)
    for gradient in tape.gradient(loss, model.trainable_variables):
        assert np.isfinite(dn.to_numpy(ops.astype(gradient, "float32"))).all()


# Decoding

DECODERS = [
    nn.MultiHeadAttention(2, 3, value_dim=4),
    nn.GroupedQueryAttention(6, 4, 2, rotary_base=100.0),
]
STEPS = 6
X = RANDOM.normal(size=(2, STEPS, 5))


def decoder(layer: nn.Layer, backend: str, dtype: str = "float64") -> dn.Model:
    return dn.Model(layer, ((STEPS, 5), (STEPS, 5)), backend=backend, dtype=dtype, seed=1)


def decoded(
    model: dn.Model, step: Callable[..., Any], sizes: list[int], room: int = STEPS
) -> np.ndarray:
    """The outputs of calls of so many steps each."""
    cache, found, at = model.native.empty_cache(2, room), [], 0
    for size in sizes:
        y, cache = step(model.to_native(X[:, at : at + size]), cache)
        found.append(dn.to_numpy(y))
        at += size
    assert int(cache.length) == at
    return np.concatenate(found, 1)


def counted(model: dn.Model) -> tuple[Callable[..., Any], Callable[[], int]]:
    """One step, compiled, and how often it has been."""

    def step(x: Any, cache: Any) -> Any:
        return dn.stop_gradient(model.native(x, x, cache=cache))

    if model.backend.name == "tensorflow":
        function = model.backend.jit.jit(step)
        return function, function.experimental_get_tracing_count
    torch.compiler.reset()
    graphs: list[Any] = []

    def backend(graph: Any, inputs: Any) -> Any:
        graphs.append(graph)
        return graph.forward

    return torch.compile(step, fullgraph=True, backend=backend), lambda: len(graphs)


@pytest.mark.parametrize("layer", DECODERS, ids=lambda layer: type(layer).__name__)
def test_decoding_is_the_causal_forward(layer: nn.Layer, backend: str) -> None:
    model = decoder(layer, backend)
    (whole,) = run(model, X, X, use_causal_mask=True)

    def step(x: Any, cache: Any) -> Any:
        return model.native(x, x, cache=cache)

    for sizes in ([1] * STEPS, [3, 1, 2]):  # a prompt first
        near(decoded(model, step, sizes), whole)
    near(decoded(model, step, [2, 1], room=9), whole[:, :3])  # more room changes nothing


def test_several_steps_go_on_from_one_cache(backend: str) -> None:
    """Where nothing is differentiated, PyTorch goes on in the memory of the cache before."""
    model = decoder(DECODERS[0], backend)
    sides = X, np.concatenate([X[:, :2], X[:, :1:-1]], 1)  # the same two steps, and others then
    cut = model.backend.tape.no_gradient

    def step(x: Any, cache: Any) -> Any:
        with cut():
            return model.native(*[model.to_native(x)] * 2, cache=cache)

    _, prompt = step(X[:, :2], model.native.empty_cache(2, STEPS))
    caches, found = [prompt, prompt], [[], []]
    for at in range(2, STEPS):
        for side, x in enumerate(sides):
            y, cache = step(x[:, at : at + 1], caches[side])
            found[side].append(dn.to_numpy(y))
            if at > 2 and backend == "torch":
                assert cache.keys is caches[side].keys
            caches[side] = cache
    for x, outputs in zip(sides, found, strict=True):
        near(np.concatenate(outputs, 1), run(model, x, x, use_causal_mask=True)[0][:, 2:])


@pytest.mark.parametrize("layer", DECODERS, ids=lambda layer: type(layer).__name__)
def test_decoding_is_compiled_once(layer: nn.Layer, backend: str) -> None:
    model = decoder(layer, backend)
    (whole,) = run(model, X, X, use_causal_mask=True)
    step, traces = counted(model)
    near(decoded(model, step, [1] * STEPS), whole)
    near(decoded(model, step, [1] * STEPS), whole)
    assert traces() == 1


def test_a_cache_remembers_padding(backend: str) -> None:
    """Prompts of two lengths, the shorter one padded in front."""
    model = dn.Model(DECODERS[0], backend=backend, dtype="float64")
    native = NATIVE[backend]
    there = np.ones((2, STEPS), bool)
    there[0, :2] = False
    prompt = nn.Masked(model.to_native(X[:, :4]), native.tensor(there[:, :4], ""))
    model.native(prompt, prompt)  # makes the weights, and has the layer look for masks
    (whole,) = run(model, X, X, use_causal_mask=True, value_mask=there)
    y, cache = model.native(prompt, prompt, cache=model.native.empty_cache(2, STEPS))
    assert isinstance(y, nn.Masked)
    near(native.numpy(y.values)[there[:, :4]], whole[:, :4][there[:, :4]])
    for at in (4, 5):
        x = model.to_native(X[:, at : at + 1])
        y, scores, cache = model.native(x, x, cache=cache, return_attention_scores=True)
        near(native.numpy(y), whole[:, at : at + 1])
        assert (native.numpy(scores)[0, :, :, :2] == 0).all()
    assert native.numpy(cache.mask).tolist() == there.tolist()


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_a_cache_is_kept_in_the_dtype_of_the_layer(dtype: str, backend: str) -> None:
    model = decoder(DECODERS[1], backend, dtype)
    cache = model.native.empty_cache(3, 7)
    name = model.backend.state.dtype_name
    compute = dtypes.policy(dtype).compute
    assert [name(part) for part in cache] == [compute, compute, "bool", "int64"]
    assert [tuple(part.shape) for part in cache] == [(3, 2, 7, 6), (3, 2, 7, 6), (3, 7), ()]
    _, later = model.native(*[model.to_native(X[:, :1])] * 2, cache=model.native.empty_cache(2, 7))
    assert [name(part) for part in later] == [compute, compute, "bool", "int64"]


def test_a_full_cache_takes_no_more(backend: str) -> None:
    model = decoder(DECODERS[0], backend)
    x = model.to_native(X[:, :2])
    _, cache = model.native(x, x, cache=model.native.empty_cache(2, 3))
    with pytest.raises(IndexRangeError, match="2 more after 2 steps do not fit into a cache of 3"):
        model.native(x, x, cache=cache)
    cache = dn.stop_gradient(cache)
    compiled = NATIVE[backend].compiled(lambda: model.native(x, x, cache=cache))
    with pytest.raises(Exception, match=r"out of (bounds|range)|does not index into"):
        compiled()


# Bad arguments

WRONG: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: nn.Attention(score_mode="dots"), UnknownName, "score mode 'dots'; did you mean"),
    (lambda: nn.Attention(dropout=1.5), ConfigError, "dropout must be a number from 0 to 1"),
    (lambda: nn.AdditiveAttention(dropout="a"), ConfigError, "dropout must be a number from 0"),
    (lambda: nn.MultiHeadAttention(0, 3), ConfigError, "num_heads must be a positive integer"),
    (lambda: nn.GroupedQueryAttention(3, 4, 3), ConfigError, "must be a multiple of num_key_va"),
    (lambda: nn.GroupedQueryAttention(3, 4, 0), ConfigError, "num_key_value_heads must be a pos"),
    (lambda: nn.MultiHeadAttention(2, 3, rotary_base=1e4), ConfigError, "an even number of them"),
    (lambda: nn.GroupedQueryAttention(4, 2, 1, rotary_base=0.0), ConfigError, "must be positive"),
    (lambda: nn.PositionalEncoding(-1.0), ConfigError, "base must be positive, got -1.0"),
    (lambda: nn.RotaryEmbedding("a"), ConfigError, "base must be a"),
    (lambda: DECODERS[0].empty_cache(1, 2), NotBuiltError, "ask model.native"),
]


@pytest.mark.parametrize(("make", "error", "match"), WRONG, ids=[match for *_, match in WRONG])
def test_hyperparameters_that_mean_nothing(make: Any, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        make()


@pytest.mark.parametrize("layer", LAYERS, ids=NAMES)
def test_wrong_masks(layer: nn.Layer, backend: str) -> None:
    model = model_of(layer, backend)
    with pytest.raises(ShapeError, match=r"takes masks \(batch, time\), got shape \(2, 5, 1\)"):
        run(model, QUERY, VALUE, value_mask=THERE["value"][..., None])
    with pytest.raises(DtypeError, match=r"takes boolean masks, .* got float64; write mask != 0"):
        run(model, QUERY, VALUE, query_mask=1.0 * THERE["query"])
    with pytest.raises(ShapeError, match=r"takes masks \(batch, targets, sources\), got shape"):
        run(model, QUERY, VALUE, attention_mask=THERE["value"])
    with pytest.raises(ShapeError):
        run(model, QUERY, VALUE, value_mask=THERE["query"])


@pytest.mark.parametrize("layer", LAYERS, ids=NAMES)
def test_wrong_shapes(layer: nn.Layer, backend: str) -> None:
    with pytest.raises(ShapeError, match=r"needs input of rank 3, got shape \(1, 6\); the layout"):
        dn.Model(layer, ((6,), (5, 6)), backend=backend)


@pytest.mark.parametrize("layer", LAYERS[2:], ids=NAMES[2:])
def test_features_that_cannot_be_compared(layer: nn.Layer, backend: str) -> None:
    with pytest.raises(ShapeError, match=r"same number of features, got shapes \(1, 4, 6\) and"):
        dn.Model(layer, ((4, 6), (5, 3)), backend=backend)


def test_positions_of_no_time_or_half_a_pair(backend: str) -> None:
    x = NATIVE[backend].tensor(np.ones((2, 4, 5)), "float64")
    with pytest.raises(ShapeError, match=r"pairs of features; shape \(2, 4, 5\) has an odd number"):
        ops.nn.rotary_embedding(x)
    with pytest.raises(ShapeError, match=r"pairs of features; shape \(1, 4, 5\) has an odd number"):
        dn.Model(nn.RotaryEmbedding(), (4, 5), backend=backend)
    with pytest.raises(ShapeError, match=r"takes \(…, time, features\), got shape \(5,\)"):
        ops.nn.position_encoding(x[0, 0])
    with pytest.raises(ConfigError, match="base must be positive, got 0"):
        ops.nn.position_encoding(x, base=0)


def test_positions_go_on_where_the_cache_ends(backend: str) -> None:
    model = dn.Model(nn.PositionalEncoding(), (STEPS, 5), backend=backend, dtype="float64")
    (whole,) = run(model, X)
    start = NATIVE[backend].tensor(np.array(4), "")
    near(run(model, X[:, 4:], start=start)[0], whole[:, 4:])


@pytest.mark.parametrize(("batch", "length"), [(0, 4), (2, -1), (2, None), (True, 4)])
def test_a_cache_of_no_size(batch: Any, length: Any, backend: str) -> None:
    with pytest.raises(ConfigError, match=r"empty_cache: .* must be a positive integer, got"):
        decoder(DECODERS[0], backend).native.empty_cache(batch, length)
