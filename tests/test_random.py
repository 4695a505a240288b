"""Shared random numbers: NumPy against a scalar reference, the backends against NumPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import special, stats

import dualnet_tf.random as tf_random
import dualnet_torch.random as torch_random
from dualnet import random
from dualnet.context import using
from dualnet.errors import ConfigError, UnknownName
from dualnet.random import Stream, ahead, host, philox
from dualnet.random.layout import LOW_HALF, SIGNIFICANT_BITS, keep_threshold, site_of
from dualnet.random.quantile import normal_quantile

calm = settings(deadline=None, max_examples=50)  # a shared machine may stall past any deadline
keys = st.integers(0, 2**64 - 1)
sites = st.integers(0, 2**32 - 1)
steps = st.integers(0, 2**32 - 1)
addresses = st.fixed_dictionaries({"key": keys, "site": sites, "step": steps})
shapes = st.lists(st.integers(0, 6), max_size=3).map(tuple)
rates = st.one_of(st.floats(0.0, 1.0), st.sampled_from([0.0, 1.0, 2.0**-32, 1.0 - 2.0**-32]))

#: Seed, site and step with their highest bits set: nothing here may be read as negative.
HIGH = {"key": 2**64 - 5, "site": 2**32 - 7, "step": 2**31 + 9}
DTYPES = sorted(SIGNIFICANT_BITS)


def scalar_words(count, *, key, site, step, offset=0):
    """Philox4x32-10 after the paper, one block at a time, in Python integers."""
    return [_block(n // 4, key, site, step)[n % 4] for n in range(offset, offset + count)]


def _block(block, key, site, step):
    c = [block & 0xFFFFFFFF, block >> 32, site, step]
    k = [key & 0xFFFFFFFF, key >> 32]
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [
            (p1 >> 32) ^ c[1] ^ k[0],
            p1 & 0xFFFFFFFF,
            (p0 >> 32) ^ c[3] ^ k[1],
            p0 & 0xFFFFFFFF,
        ]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def scalar_bits(count, address):
    """The 64 bits of each index, in Python integers."""
    high, low = scalar_words(count, **address), scalar_words(count, **address, offset=LOW_HALF)
    return [above << 32 | below for above, below in zip(high, low, strict=True)]


# --- Words: NumPy ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [  # the known answers that come with Random123 1.14, kat_vectors, "philox4x32 10"
        ((0, 0, 0, 0), 0, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((0xFFFFFFFF,) * 4, 2**64 - 1, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            0x299F31D0_A4093822,
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_words_are_the_published_known_answers(counter, key, expected):
    low, high, site, step = counter
    got = philox.words(4, key=key, site=site, step=step, offset=4 * (low | high << 32))
    assert " ".join(f"{word:08x}" for word in got) == expected


def test_golden_words():
    got = philox.words(8, key=0, site=0, step=0)
    assert " ".join(f"{word:08x}" for word in got) == (
        "6627e8d5 e169c58d bc57ac4c 9b00dbd8 f8e4cca4 5cb200db b1a574eb 097eff67"
    )


@calm
@given(count=st.integers(0, 40), address=addresses, offset=st.integers(0, 2**66 - 41))
def test_words_equal_the_scalar_reference(count, address, offset):
    got = philox.words(count, **address, offset=offset)
    assert got.dtype == np.uint32
    assert got.tolist() == scalar_words(count, **address, offset=offset)


@pytest.mark.parametrize("offset", [0, 3, 2**34 - 6, 2**66 - 5 * philox.BLOCKS_AT_ONCE])
def test_words_join_where_the_work_is_cut(offset):
    count = 4 * philox.BLOCKS_AT_ONCE + 7  # two passes, and a third in part where offset % 4 != 0
    got = philox.words(count, **HIGH, offset=offset)
    for place in (0, 4 * philox.BLOCKS_AT_ONCE - 5, count - 12):
        expected = scalar_words(12, **HIGH, offset=offset + place)
        assert got[place : place + 12].tolist() == expected


# --- The backends against NumPy ------------------------------------------------------------


@pytest.fixture
def arithmetic(monkeypatch):
    """Makes PyTorch compute on tensors what it would fetch from NumPy, as it does on a GPU."""
    monkeypatch.setattr(torch_random, "_on_host", lambda device: False)


def _draws(module, native_uniform, step, shape, address):
    """Every draw of a backend, in one list: what the compiled tests trace."""
    where = {**address, "step": step, "device": None}
    return [
        module.words(shape, **where),
        *(module.keep(shape, rate=rate, **where) for rate in (0.0, 0.3, 1.0)),
        *(native_uniform(module.uniform(shape, dtype=d, **where)) for d in DTYPES),
    ]


def _expected(shape, address):
    return [
        host.words(shape, **address),
        *(host.keep(shape, rate=rate, **address) for rate in (0.0, 0.3, 1.0)),
        *(host.uniform(shape, dtype=d, **address).astype(np.float64) for d in DTYPES),
    ]


def _torch_draws(step, shape, address):
    return _draws(torch_random, lambda u: u.to(torch.float64), step, shape, address)


def _tf_draws(step, shape, address):
    return _draws(tf_random, lambda u: tf.cast(u, tf.float64), step, shape, address)


def _assert_same(got, shape, address):
    for mine, reference in zip(got, _expected(shape, address), strict=True):
        array = mine.numpy()
        assert array.dtype == reference.dtype
        np.testing.assert_array_equal(array, reference, strict=True)


def _torch_step(step):
    return torch.tensor(step, dtype=torch.int64)


def _tf_step(step):
    return tf.Variable(step, dtype=tf.int64)


@calm
@given(address=addresses, shape=shapes)
def test_torch_equals_numpy(address, shape):
    _assert_same(_torch_draws(address["step"], shape, address), shape, address)
    _assert_same(_torch_draws(_torch_step(address["step"]), shape, address), shape, address)


@calm
@given(address=addresses, shape=shapes)
def _arithmetic_equals_numpy(address, shape):
    _assert_same(_torch_draws(address["step"], shape, address), shape, address)
    _assert_same(_torch_draws(_torch_step(address["step"]), shape, address), shape, address)


@pytest.mark.usefixtures("arithmetic")
def test_torch_arithmetic_equals_numpy():
    _arithmetic_equals_numpy()


@calm
@given(address=addresses, shape=shapes)
def test_tensorflow_equals_numpy(address, shape):
    _assert_same(_tf_draws(address["step"], shape, address), shape, address)
    _assert_same(_tf_draws(_tf_step(address["step"]), shape, address), shape, address)


SHAPES = [(), (0,), (4097,), (3, 0, 2), (3, 5, 7)]


@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_compiled_tensorflow_equals_numpy(shape, jit_compile):
    drawn = tf.function(
        lambda step: _tf_draws(step, shape, HIGH), jit_compile=jit_compile, autograph=False
    )
    for step in (HIGH["step"], 0, 2**32 - 1):
        got = drawn(tf.constant(step, tf.int64))
        _assert_same(got, shape, {**HIGH, "step": step})
    assert drawn.experimental_get_tracing_count() == 1


def test_compiled_tensorflow_reads_a_variable_step():
    step = tf.Variable(0, dtype=tf.int64)
    drawn = tf.function(
        lambda: tf_random.words((5,), key=1, site=2, step=step, device=None), autograph=False
    )
    for value in (0, 2**31, 2**32 + 3):
        step.assign(value)
        expected = scalar_words(5, key=1, site=2, step=value % 2**32)
        assert drawn().numpy().tolist() == expected


def test_compiled_torch_equals_numpy_and_compiles_once():
    shape = (3, 5, 7)
    drawn = torch.compile(lambda step: _torch_draws(step, shape, HIGH), fullgraph=True)
    _assert_same(drawn(_torch_step(HIGH["step"])), shape, HIGH)
    with torch.compiler.set_stance("fail_on_recompile"):
        for step in (0, 2**32 - 1):
            _assert_same(drawn(_torch_step(step)), shape, {**HIGH, "step": step})


def test_torch_traces_unknown_sizes():
    compiled = torch.compile(
        lambda x, step: torch_random.keep(x.shape, rate=0.3, step=step, device=None, key=1, site=2),
        fullgraph=True,
        dynamic=True,
    )
    for rows in (3, 8, 11):
        got = compiled(torch.zeros(rows, 5), _torch_step(6))
        expected = host.keep((rows, 5), rate=0.3, key=1, site=2, step=6)
        np.testing.assert_array_equal(got.numpy(), expected)


@pytest.mark.parametrize("whole", [True, False], ids=["tf.shape", "mixed tuple"])
def test_tensorflow_traces_unknown_sizes(whole):
    @tf.function(input_signature=[tf.TensorSpec((None, 5)), tf.TensorSpec((), tf.int64)])
    def drawn(x, step):
        shape = tf.shape(x) if whole else (tf.shape(x)[0], 5)
        where = {"key": 1, "site": 2, "step": step, "device": None}
        return (
            tf_random.keep(shape, rate=0.3, **where),
            tf_random.normal(shape, dtype="float32", **where),
            tf_random.keep(shape, rate=1.0, **where),
            tf_random.native_keep(shape, rate=1.0, device=None),
        )

    for rows in (3, 8, 11):
        mask, normal, none, native_none = drawn(tf.zeros((rows, 5)), tf.constant(6, tf.int64))
        expected = host.keep((rows, 5), rate=0.3, key=1, site=2, step=6)
        np.testing.assert_array_equal(mask.numpy(), expected)
        assert normal.shape == none.shape == native_none.shape == (rows, 5)
        assert not none.numpy().any()
        assert not native_none.numpy().any()


def test_a_million_words_are_the_same_everywhere():
    shape = (1_000_003,)
    reference = host.words(shape, **HIGH)
    where = {**HIGH, "device": None}
    arithmetic = torch_random._words(shape[0], *HIGH.values(), None)
    eager = tf_random.words(shape, **where)
    xla = tf.function(lambda: tf_random.words(shape, **where), jit_compile=True)()
    for got in (torch_random.words(shape, **where), arithmetic, eager, xla):
        np.testing.assert_array_equal(got.numpy(), reference)


@pytest.mark.parametrize("module", [torch_random, tf_random], ids=["torch", "tensorflow"])
def test_backends_refuse_a_bad_rate(module):
    with pytest.raises(ConfigError, match=r"rate must be between 0 and 1, got 1\.5"):
        module.keep((2,), rate=1.5, key=0, site=0, step=0, device=None)


def _device(name):
    return torch.device("cpu") if name == "torch" else "/CPU:0"


@pytest.mark.parametrize(
    ("name", "module"), [("torch", torch_random), ("tensorflow", tf_random)], ids=lambda v: str(v)
)
def test_a_named_device_changes_nothing(name, module):
    got = module.keep((9,), rate=0.5, device=_device(name), **HIGH)
    np.testing.assert_array_equal(got.numpy(), host.keep((9,), rate=0.5, **HIGH))


@pytest.mark.parametrize("module", [torch_random, tf_random], ids=["torch", "tensorflow"])
def test_native_masks_follow_the_native_seed(module):
    def drawn(rate):
        module.seed_native(3)
        return module.native_keep((200, 50), rate=rate, device=None).numpy()

    np.testing.assert_array_equal(drawn(0.2), drawn(0.2))
    assert abs(drawn(0.2).mean() - 0.8) < 0.02  # five standard deviations of 10,000 draws
    assert drawn(0.0).all()
    assert not drawn(1.0).any()


# --- Uniform -------------------------------------------------------------------------------


@calm
@given(address=addresses, dtype=st.sampled_from(DTYPES))
def test_uniform_is_the_top_bits(address, dtype):
    bits = SIGNIFICANT_BITS[dtype]
    expected = [(b >> (64 - bits)) / 2**bits for b in scalar_bits(5, address)]
    assert host.uniform((5,), **address, dtype=dtype).tolist() == expected


@pytest.mark.parametrize("seed", [0, 2**64 - 1])
def test_uniform_fills_the_unit_interval(seed):
    u = Stream(seed, "test").uniform((20_000,))
    assert stats.kstest(u, "uniform").pvalue > 1e-3


def test_uniform_range_and_dtype():
    stream = Stream(1, "test")
    u, single = stream.uniform((1000,), -3.0, 5.0), stream.uniform((1000,), dtype="float32")
    np.testing.assert_array_equal(u, -3.0 + 8.0 * stream.uniform((1000,)))
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, np.floor(stream.uniform((1000,)) * 2**24) / 2**24)


# --- Normal --------------------------------------------------------------------------------


def _reference_normal(count, address):
    """Box & Muller by the ``math`` module."""
    u = [(b >> 11) / 2**53 for b in scalar_bits(count + count % 2, address)]
    z = []
    for first, second in zip(u[::2], u[1::2], strict=True):
        r, angle = math.sqrt(-2.0 * math.log(1.0 - first)), 2.0 * math.pi * second
        z += [r * math.cos(angle), r * math.sin(angle)]
    return z[:count]


#: Two libraries' logarithm, sine and cosine, and a product: 4 ulp in all of |z| < 9.
LIBM = 4 * 2.0**-52


@calm
@given(address=addresses, count=st.integers(0, 9))
def test_normal_is_box_and_muller(address, count):
    got = host.normal((count,), **address, dtype="float64")
    np.testing.assert_allclose(got, _reference_normal(count, address), rtol=LIBM, atol=9 * LIBM)


def _ulps32(a, b):
    return np.abs(a.view(np.int32).astype(np.int64) - b.view(np.int32))


def _tf_normal(jit_compile):
    return tf.function(tf_random.normal, jit_compile=jit_compile)


def _torch_compiled_normal(shape, **options):
    return torch.compile(lambda: torch_random.normal(shape, **options), fullgraph=True)()


NORMALS = [
    pytest.param(torch_random.normal, id="torch"),
    pytest.param(_torch_compiled_normal, id="torch compiled", marks=pytest.mark.long),
    pytest.param(tf_random.normal, id="tensorflow"),
    pytest.param(_tf_normal(False), id="graph"),
    pytest.param(_tf_normal(True), id="xla"),
]


@pytest.mark.parametrize("normal", NORMALS)
def test_normals_agree(normal):
    shape = (333, 301)  # odd, so that the last pair is cut
    double = normal(shape, dtype="float64", device=None, **HIGH).numpy()
    single = normal(shape, dtype="float32", device=None, **HIGH).numpy()
    reference = host.normal(shape, dtype="float64", **HIGH)
    np.testing.assert_allclose(double, reference, rtol=LIBM, atol=9 * LIBM)
    ulps = _ulps32(single, host.normal(shape, dtype="float32", **HIGH))
    assert ulps.max() <= 1  # where the float64 value lies within LIBM of a rounding boundary
    assert np.count_nonzero(ulps) <= 2  # chance 1e-7 for each of 100,233 values


@pytest.mark.usefixtures("arithmetic")
def test_normals_agree_in_tensor_arithmetic():
    test_normals_agree(torch_random.normal)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_normals_are_rounded_from_float32(dtype):
    single = host.normal((1001,), dtype="float32", **HIGH)
    mine = torch_random.normal((1001,), dtype=dtype, device=None, **HIGH)
    theirs = tf_random.normal((1001,), dtype=dtype, device=None, **HIGH)
    rounded = torch.from_numpy(single).to(mine.dtype).to(torch.float32).numpy()
    np.testing.assert_array_equal(mine.to(torch.float32).numpy(), rounded)
    np.testing.assert_array_equal(tf.cast(theirs, tf.float32).numpy(), rounded)


def test_normal_and_truncated_normal_are_what_they_say():
    stream = Stream(5, "test")
    assert stats.kstest(stream.normal((20_000,)), "norm").pvalue > 1e-3
    cut = stream.truncated_normal((20_000,))
    assert np.abs(cut).max() <= 2.0
    assert stats.kstest(cut, stats.truncnorm(-2.0, 2.0).cdf).pvalue > 1e-3


def test_quantile_is_scipys():
    p = np.concatenate([np.geomspace(2e-11, 0.5, 5000), 1.0 - np.geomspace(1e-9, 0.5, 5000)])
    np.testing.assert_allclose(normal_quantile(p), special.ndtri(p), rtol=2e-15)  # 9 ulp for two


@calm
@given(address=addresses)
def test_truncated_normal_inverts_the_distribution(address):
    stream = Stream(address["key"], "test", step=address["step"])
    x, u = stream.truncated_normal((50,)), stream.uniform((50,))
    span = special.ndtr(2.0) - special.ndtr(-2.0)
    back = (special.ndtr(x) - special.ndtr(-2.0)) / span
    np.testing.assert_allclose(back, u, rtol=0, atol=1e-15)  # a few ulp of a number below 1


# --- Integers, permutations, masks ---------------------------------------------------------


@calm
@given(address=addresses, low=st.integers(-(2**62), 2**62), span=st.integers(1, 2**32))
def test_integers_are_the_exact_product(address, low, span):
    stream = Stream(address["key"], "test", step=address["step"])
    bits = scalar_bits(6, {**address, "site": stream.site})
    got = stream.integers(low, low + span, (2, 3))
    assert got.dtype == np.int64
    assert got.reshape(-1).tolist() == [low + (b * span >> 64) for b in bits]


def test_integers_are_even():
    counts = np.bincount(Stream(2, "test").integers(0, 10, (20_000,)), minlength=10)
    assert stats.chisquare(counts).pvalue > 1e-3


@calm
@given(address=addresses, n=st.integers(0, 40))
def test_permutation_sorts_the_bits(address, n):
    stream = Stream(address["key"], "test", step=address["step"])
    bits = scalar_bits(n, {**address, "site": stream.site})
    assert stream.permutation(n).tolist() == sorted(range(n), key=bits.__getitem__)


def test_permutations_are_even():
    orders = [tuple(Stream(0, "test", step=step).permutation(3)) for step in range(3000)]
    counts = [orders.count(order) for order in set(orders)]
    assert len(counts) == 6
    assert stats.chisquare(counts).pvalue > 1e-3


@calm
@given(address=addresses, rate=rates)
def test_keep_compares_words_with_the_threshold(address, rate):
    words = scalar_words(20, **address)
    expected = [word >= math.floor(rate * 2**32) for word in words]
    assert host.keep((20,), rate=rate, **address).tolist() == expected


@calm
@given(address=addresses, shape=shapes, rate=rates)
def test_masks_drawn_ahead_are_those_of_each_step(address, shape, rate):
    for later in range(3):
        now = {**address, "step": address["step"] + later, "rate": rate}
        np.testing.assert_array_equal(ahead.keep(shape, **now), host.keep(shape, **now))


def test_rows_join_where_the_work_is_cut_of_several_steps():
    """Several steps at once, and several parts of a step."""
    for count, many in ((3, 30_000), (4 * philox.BLOCKS_AT_ONCE * 5 + 3, 2)):
        address = {"key": HIGH["key"], "site": HIGH["site"], "step": 2**32 - 2}
        found = philox.rows(count, **address, steps=many)
        assert found.shape == (many, count)
        for later in (0, 1, many // 2, many - 1):
            single = philox.words(count, **{**address, "step": 2**32 - 2 + later})
            np.testing.assert_array_equal(found[later], single)


def test_a_word_at_the_threshold_is_kept():
    word = int(Stream(0, "test").words(1)[0])
    assert Stream(0, "test").keep(word / 2**32, 1).tolist() == [True]
    assert Stream(0, "test").keep((word + 1) / 2**32, 1).tolist() == [False]


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_keep_rate(rate):
    mask = Stream(0, "test").keep(rate, (40_000,))
    five_deviations = 5.0 * math.sqrt(rate * (1.0 - rate) / 40_000)
    assert abs(mask.mean() - (1.0 - rate)) < five_deviations


# --- Streams -------------------------------------------------------------------------------


def test_the_site_is_a_fixed_hash():
    # a change would alter every weight and mask of every model, so the value is written down
    assert site_of("init", "dense/kernel") == 0xBA1F6FAC
    assert site_of("a", "b") != site_of("ab", "")


@calm
@given(seed=keys, step=steps, count=st.integers(0, 9), path=st.text(max_size=5))
def test_a_stream_is_its_words(seed, step, count, path):
    stream = Stream(seed, "layer", path, step)
    expected = scalar_words(count, key=seed, site=site_of("layer", path), step=step)
    assert stream.words(count).tolist() == expected


@calm
@given(a=st.tuples(keys, st.text(max_size=3), steps), b=st.tuples(keys, st.text(max_size=3), steps))
def test_other_addresses_give_other_words(a, b):
    assume(a != b)
    first, second = (Stream(seed, "test", path, step) for seed, path, step in (a, b))
    assert first.words(4).tolist() != second.words(4).tolist()


def test_neighbouring_streams_are_uncorrelated():
    names = [(seed, path, step) for seed in (0, 1) for path in "ab" for step in (0, 1)]
    draws = [Stream(seed, "test", path, step).normal((10_000,)) for seed, path, step in names]
    off_diagonal = np.corrcoef(draws) - np.eye(len(draws))
    assert np.abs(off_diagonal).max() < 0.05  # five standard deviations, 1/√10,000 each


@pytest.mark.parametrize("draw", ["uniform", "normal", "truncated_normal"])
def test_a_longer_draw_begins_with_the_shorter(draw):
    stream = Stream(4, "test")
    np.testing.assert_array_equal(getattr(stream, draw)(7), getattr(stream, draw)((3, 4)).flat[:7])


@pytest.mark.parametrize("shape", [(), 3, [2, 0], (2, 3)], ids=str)
def test_every_draw_has_the_shape_asked_for(shape):
    stream = Stream(4, "test")
    draws = [
        stream.uniform(shape),
        stream.normal(shape),
        stream.truncated_normal(shape),
        stream.integers(0, 5, shape),
        stream.keep(0.5, shape),
        stream.keep(1.0, shape),
    ]
    expected = (shape,) if isinstance(shape, int) else tuple(shape)
    assert [draw.shape for draw in draws] == [expected] * len(draws)
    assert all(isinstance(draw, np.ndarray) for draw in draws)


def test_a_stream_is_a_value():
    assert Stream(np.int64(3), "a") == Stream(3, "a", "", 0)
    assert len({Stream(3, "a"), Stream(3, "a"), Stream(3, "b")}) == 2


STREAM = Stream(0, "test")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Stream(-1, "a"), r"seed must be in \[0, 2\*\*64\), got -1"),
        (lambda: Stream(2**64, "a"), r"seed must be in \[0, 2\*\*64\)"),
        (lambda: Stream(1.5, "a"), r"seed must be an integer, got 1\.5"),
        (lambda: Stream(None, "a"), "seed must be an integer, got None"),
        (lambda: Stream(0, "a", step=2**32), r"step must be in \[0, 2\*\*32\)"),
        (lambda: STREAM.words(-1), "number of words must be in"),
        (lambda: STREAM.uniform((2, -1)), "each size of a shape must be in"),
        (lambda: STREAM.normal(2.0), r"each size of a shape must be an integer, got 2\.0"),
        (lambda: STREAM.uniform(2, 1.0, 0.0), "low <= high, got low=1.0, high=0.0"),
        (lambda: STREAM.uniform(2, float("nan")), "low <= high, got low=nan"),
        (lambda: STREAM.uniform(2, dtype="float23"), "did you mean 'float32'"),
        (lambda: STREAM.normal(2, dtype="int32"), "unknown dtype of a random draw 'int32'"),
        (lambda: STREAM.keep(-0.1, 2), r"rate must be between 0 and 1, got -0\.1"),
        (lambda: STREAM.keep(float("nan"), 2), "rate must be between 0 and 1, got nan"),
        (lambda: STREAM.integers(3, 3, 2), r"1 to 2\*\*32 values in \[low, high\)"),
        (lambda: STREAM.integers(0, 2**32 + 1, 2), r"1 to 2\*\*32 values"),
        (lambda: STREAM.integers(0, 2**63, 2), r"high must be in \[-2\*\*63, 2\*\*63\)"),
        (lambda: STREAM.permutation(-1), "length of a permutation must be in"),
        (lambda: keep_threshold(2.0), "rate must be between 0 and 1"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ConfigError, match=message):
        call()


# --- Native draws on the current backend ---------------------------------------------------

BACKENDS = {"torch": torch.Tensor, "tensorflow": tf.Tensor}


@pytest.mark.parametrize(("name", "tensor"), BACKENDS.items(), ids=BACKENDS)
def test_native_draws_are_the_streams(name, tensor):
    stream, address = Stream(9, "user", "noise", 4), {"seed": 9, "path": "noise", "step": 4}
    with using(name, device="cpu"):
        drawn = {
            "uniform": random.uniform((3, 4), **address),
            "normal": random.normal((3, 4), **address),
            "keep": random.keep((3, 4), rate=0.4, **address),
            "permutation": random.permutation(12, **address),
        }
    assert all(isinstance(value, tensor) for value in drawn.values())
    got = {key: value.numpy() for key, value in drawn.items()}
    np.testing.assert_array_equal(got["uniform"], stream.uniform((3, 4), dtype="float32"))
    assert _ulps32(got["normal"], stream.normal((3, 4), dtype="float32")).max() <= 1
    np.testing.assert_array_equal(got["keep"], stream.keep(0.4, (3, 4)))
    np.testing.assert_array_equal(got["permutation"], stream.permutation(12), strict=True)


@pytest.mark.parametrize("name", BACKENDS)
def test_native_draws_take_the_current_dtype(name):
    with using(name, device="cpu", dtype="float64"):
        assert random.uniform(2, seed=0).numpy().dtype == np.float64
        assert random.normal(2, seed=0).numpy().dtype == np.float64
        assert random.uniform(2, seed=0, dtype="float16").numpy().dtype == np.float16
        np.testing.assert_array_equal(
            random.uniform((), seed=0).numpy(), Stream(0, "user").uniform(())
        )


@pytest.mark.parametrize("name", BACKENDS)
def test_native_draws_refuse_bad_arguments(name):
    with using(name, device="cpu"):
        with pytest.raises(ConfigError, match="seed must be in"):
            random.uniform(2, seed=-1)
        with pytest.raises(ConfigError, match="rate must be between 0 and 1"):
            random.keep(2, rate=2.0, seed=0)
        with pytest.raises(ConfigError, match="each size of a shape"):
            random.normal((2, -1), seed=0)
        with pytest.raises(UnknownName, match="dtype of a random draw 'int32'"):
            random.uniform(2, seed=0, dtype="int32")
