"""Data: batch order, splits, class weights, iterables, Iris and digits, MNIST files."""

from __future__ import annotations

import gzip
import operator
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualnet import data
from dualnet.errors import ConfigError, DataError, MissingPackage
from dualnet.random import Stream

# --- Batches -----------------------------------------------------------------------------

calm = settings(deadline=None)  # a shared machine may stall for longer than any deadline
sizes = st.integers(1, 40)
seeds = st.integers(0, 2**64 - 1)
epochs = st.integers(0, 2**32 - 1)


def _visited(n, epoch, **options):
    batches = data.Batches(np.arange(n), **options)
    return [batch.x for batch in batches.epoch(epoch)]


@calm
@given(n=sizes, batch_size=sizes, shuffle=st.booleans(), seed=seeds, epoch=epochs)
def test_an_epoch_visits_every_sample_once(n, batch_size, shuffle, seed, epoch):
    options = {"batch_size": batch_size, "shuffle": shuffle, "seed": seed}
    parts = _visited(n, epoch, **options)
    assert sorted(np.concatenate(parts).tolist()) == list(range(n))
    assert [len(part) for part in parts[:-1]] == [batch_size] * (len(parts) - 1)
    assert 1 <= len(parts[-1]) <= batch_size
    assert len(data.Batches(np.arange(n), **options)) == len(parts)


@calm
@given(n=sizes, batch_size=sizes, seed=seeds, epoch=epochs)
def test_shuffled_order_is_the_shared_permutation(n, batch_size, seed, epoch):
    parts = _visited(n, epoch, batch_size=batch_size, shuffle=True, seed=seed)
    expected = Stream(seed, "shuffle", "", epoch).permutation(n)
    np.testing.assert_array_equal(np.concatenate(parts), expected)


@calm
@given(n=sizes, batch_size=sizes, shuffle=st.booleans(), seed=seeds)
def test_drop_last_leaves_whole_batches_only(n, batch_size, shuffle, seed):
    options = {"batch_size": batch_size, "shuffle": shuffle, "seed": seed, "drop_last": True}
    if batch_size > n:
        with pytest.raises(ConfigError, match=f"drop_last leaves no batch: {n} samples"):
            data.Batches(np.arange(n), **options)
        return
    parts = _visited(n, 0, **options)
    assert [len(part) for part in parts] == [batch_size] * (n // batch_size)
    assert len(data.Batches(np.arange(n), **options)) == n // batch_size
    assert len(set(np.concatenate(parts).tolist())) == n // batch_size * batch_size


def test_an_epoch_can_be_walked_again_and_out_of_turn():
    batches = data.Batches(np.arange(50), batch_size=50, shuffle=True, seed=3)
    fourth, first, fourth_again = (next(batches.epoch(e)).x for e in (4, 0, 4))
    np.testing.assert_array_equal(fourth, fourth_again)
    assert not np.array_equal(fourth, first)
    other_seed = data.Batches(np.arange(50), batch_size=50, shuffle=True, seed=4)
    assert not np.array_equal(fourth, next(other_seed.epoch(4)).x)


def test_two_epochs_walked_side_by_side_do_not_disturb_each_other():
    batches = data.Batches(np.arange(6), batch_size=2, shuffle=True, seed=0)
    alone = [batch.x.tolist() for batch in batches.epoch(1)]
    together = [b.x.tolist() for _, b in zip(batches.epoch(0), batches.epoch(1), strict=True)]
    assert together == alone


@pytest.mark.parametrize("shuffle", [False, True])
def test_trees_keep_their_structure_and_rows_stay_together(shuffle):
    n = np.arange(7)
    x = {"image": np.stack([n, n], axis=1), "pair": (n * 10, [n * 100])}
    batches = data.Batches(x, n + 1000, n / 8, batch_size=3, shuffle=shuffle, seed=1)
    for x_part, y_part, weight in batches.epoch(0):
        rows = x_part["image"][:, 0]
        assert isinstance(x_part["pair"], tuple)
        assert isinstance(x_part["pair"][1], list)
        np.testing.assert_array_equal(x_part["pair"][0], rows * 10)
        np.testing.assert_array_equal(x_part["pair"][1][0], rows * 100)
        np.testing.assert_array_equal(y_part, rows + 1000)
        np.testing.assert_array_equal(weight, rows / 8)


def test_batches_in_order_are_views_and_shuffled_ones_are_not():
    x = np.arange(10.0)
    plain = data.Batches(x, batch_size=4, shuffle=False, seed=0)
    assert all(np.shares_memory(batch.x, x) for batch in plain.epoch(0))
    shuffled = data.Batches(x, batch_size=4, shuffle=True, seed=0)
    assert not any(np.shares_memory(batch.x, x) for batch in shuffled.epoch(0))


@pytest.mark.parametrize("dtype", ["float64", "float16", "uint8", "bool", "complex64"])
@pytest.mark.parametrize("shuffle", [False, True])
def test_dtypes_pass_through(dtype, shuffle):
    batches = data.Batches(np.ones((5, 2), dtype), batch_size=2, shuffle=shuffle, seed=0)
    assert {batch.x.dtype.name for batch in batches.epoch(0)} == {dtype}


def test_a_memory_map_is_read_batch_by_batch(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(12).reshape(6, 2))
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    plain = data.Batches(x, batch_size=4, shuffle=False, seed=0)
    assert np.shares_memory(next(plain.epoch(0)).x, x)
    shuffled = data.Batches(x, batch_size=4, shuffle=True, seed=0)
    rows = np.concatenate([batch.x for batch in shuffled.epoch(0)])
    np.testing.assert_array_equal(rows[rows[:, 0].argsort()], np.arange(12).reshape(6, 2))


class _Unreadable:
    def __array__(self, dtype=None, copy=None):
        raise TypeError("lives on a GPU")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((np.ones(3), np.ones(4)), "lengths differ: x has 3, y has 4"),
        ((np.ones(3), np.ones(3), np.ones(2)), "x has 3, y has 3, weight has 2"),
        (
            ({"a": np.ones(3), "b": np.ones(5)},),
            r"x \(leaf 0 of {a: \*, b: \*}\) has 3, x \(leaf 1 .*\) has 5",
        ),
        ((np.ones((0, 4)),), "there is no data: x has 0 samples"),
        ((None, np.ones(3)), "x holds no array"),
        (([],), "x holds no array"),
        (([1.0, 2.0],), r"x \(leaf 0 .*\) is a ndarray without an axis of samples"),
        ((np.array([{}, 1]),), "holds Python objects, not numbers"),
        ((_Unreadable(),), r"a _Unreadable cannot be read as an array \(lives on a GPU\)"),
    ],
)
def test_data_that_makes_no_batches(arguments, text):
    with pytest.raises(DataError, match=text):
        data.Batches(*arguments, batch_size=2, shuffle=False, seed=0)


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, "2", None])
def test_bad_batch_size(batch_size):
    with pytest.raises(ConfigError, match="batch_size"):
        data.Batches(np.ones(3), batch_size=batch_size, shuffle=False, seed=0)


def test_bad_epoch_is_told_before_the_first_batch():
    batches = data.Batches(np.ones(3), batch_size=1, shuffle=True, seed=0)
    with pytest.raises(ConfigError, match="step"):
        batches.epoch(-1)


# --- split -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "fraction", "train"),
    [(10, 0.2, 8), (7, 0.5, 3), (3, 0.01, 2), (100, 0.9, 9), (1000, 0.1, 900)],
    # n = 100: 1 - 0.9 is a little under 0.1 in float64, and Keras takes the floor
)
def test_split_takes_the_last_samples_as_keras_does(n, fraction, train):
    x = np.arange(n)
    first, last = data.split({"x": x}, x * 2, x * 3, fraction=fraction)
    for part, rows in ((first, x[:train]), (last, x[train:])):
        np.testing.assert_array_equal(part.x["x"], rows)
        np.testing.assert_array_equal(part.y, rows * 2)
        np.testing.assert_array_equal(part.weight, rows * 3)
    assert np.shares_memory(last.x["x"], x)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 2, float("nan")])
def test_split_refuses_a_fraction_outside_0_to_1(fraction):
    with pytest.raises(ConfigError, match="between 0 and 1"):
        data.split(np.ones(10), fraction=fraction)


@pytest.mark.parametrize(
    ("n", "fraction", "text"),
    [(1, 0.5, "0 to train on and 1 to validate"), (9, 1e-20, "9 to train on and 0 to validate")],
)
def test_split_refuses_an_empty_part(n, fraction, text):
    with pytest.raises(DataError, match=text):
        data.split(np.ones(n), fraction=fraction)


# --- class weights -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "y",
    [
        np.array([2, 0, 1, 0]),
        np.array([[2], [0], [1], [0]], np.uint8),
        np.array([2.0, 0.0, 1.0, 0.0], np.float32),
        np.eye(3, dtype=np.float32)[[2, 0, 1, 0]],
    ],
    ids=["integers", "column", "whole floats", "one-hot"],
)
def test_class_weights_become_sample_weights(y):
    weights = data.class_sample_weights(y, {0: 0.1, 1: 1, np.int64(2): 7.0})
    assert weights.dtype == np.float64
    np.testing.assert_array_equal(weights, [7.0, 0.1, 1.0, 0.1])


@pytest.mark.parametrize(
    ("y", "class_weight", "error", "text"),
    [
        ([0, 1, 4], {0: 1.0}, DataError, r"no weight for the labels \[1, 4\]; it has \[0\]"),
        ([0.5], {0: 1.0}, DataError, r"whole numbers as labels, got float64 \[0.5\]"),
        ([np.nan], {0: 1.0}, DataError, r"whole numbers as labels, got float64 \[nan\]"),
        ([[0.5, 0.5]], {0: 1.0}, DataError, "labels or one-hot rows"),
        ([[1, 1]], {0: 1.0, 1: 1.0}, DataError, "labels or one-hot rows"),
        ([[[1]]], {1: 1.0}, DataError, r"y of shape \(1, 1, 1\)"),
        (["cat"], {0: 1.0}, DataError, "whole numbers as labels, got <U3"),
        ([0], {"0": 1.0}, ConfigError, "integer labels, got '0'"),
        ([0], {0: -1.0}, ConfigError, "finite and not negative, got -1.0"),
        ([0], {0: float("inf")}, ConfigError, "finite and not negative, got inf"),
    ],
)
def test_class_weights_that_do_not_fit(y, class_weight, error, text):
    with pytest.raises(error, match=text):
        data.class_sample_weights(np.array(y), class_weight)


# --- iterables ---------------------------------------------------------------------------

PAIRS = [(np.zeros((2, 3)), np.zeros(2)), (np.ones((1, 3)), np.ones(1))]


class _Loader:
    """A loader as PyTorch's: can be walked again, knows its length, gives lists."""

    def __len__(self):
        return len(PAIRS)

    def __iter__(self):
        return (list(pair) for pair in PAIRS)


@pytest.mark.parametrize(
    ("source", "hint"),
    [(PAIRS, 2), (_Loader(), 2), (lambda: iter(PAIRS), 0), (lambda: PAIRS, 0)],
    ids=["list", "loader", "callable", "callable of a list"],
)
def test_what_can_be_walked_again_serves_every_epoch(source, hint):
    batches = data.as_batches(source)
    for epoch in range(3):
        walked = list(batches.epoch(epoch))
        assert all(isinstance(batch, data.Batch) for batch in walked)
        for batch, (x, y) in zip(walked, PAIRS, strict=True):
            assert batch.x is x
            assert batch.y is y
            assert batch.weight is None
    assert operator.length_hint(batches, 0) == hint


def _torch_loader(x, y):
    import torch

    rows = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    return torch.utils.data.DataLoader(rows, batch_size=2)


def _tf_dataset(x, y):
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices((x, y)).batch(2)


@pytest.mark.parametrize("make", [_torch_loader, _tf_dataset])
def test_the_frameworks_loaders_are_sources_of_native_tensors(make):
    x, y = np.arange(10.0).reshape(5, 2), np.arange(5)
    loader = make(x, y)
    batches = data.as_batches(loader)
    assert operator.length_hint(batches) == 3
    for epoch in range(2):
        walked = list(batches.epoch(epoch))
        assert {type(batch.x).__name__ for batch in walked} <= {"Tensor", "EagerTensor"}
        np.testing.assert_array_equal(np.concatenate([batch.x for batch in walked]), x)
        np.testing.assert_array_equal(np.concatenate([batch.y for batch in walked]), y)


def test_a_loader_that_counts_its_epochs_is_still_an_iterable():
    loader = _Loader()
    loader.epoch = 3
    assert len(list(data.as_batches(loader).epoch(0))) == 2


def test_batches_are_a_source_already():
    batches = data.Batches(np.ones(3), batch_size=1, shuffle=False, seed=0)
    assert data.as_batches(batches) is batches


@pytest.mark.parametrize(
    ("item", "parts"),
    [
        (PAIRS[0][0], 1),
        ({"a": PAIRS[0][0]}, 1),
        ((PAIRS[0][0],), 1),
        ([*PAIRS[0]], 2),
        ((*PAIRS[0], np.ones(2)), 3),
    ],
)
def test_an_item_is_read_as_x_y_weight(item, parts):
    (batch,) = data.as_batches([item]).epoch(0)
    assert [part is not None for part in batch] == [True] * parts + [False] * (3 - parts)


def test_a_generator_serves_one_epoch_only():
    batches = data.as_batches(pair for pair in PAIRS)
    assert len(list(batches.epoch(5))) == 2
    with pytest.raises(DataError, match="epoch 6 needs the data again, but a generator can be"):
        list(batches.epoch(6))


def test_a_function_that_returns_the_same_iterator_is_found_out():
    used = iter(PAIRS)
    batches = data.as_batches(lambda: used)
    assert len(list(batches.epoch(0))) == 2
    with pytest.raises(DataError, match="no batch in epoch 1: it is empty or used up"):
        list(batches.epoch(1))


@pytest.mark.parametrize(
    ("source", "kind"),
    [(np.ones(3), "ndarray"), ({"x": 1}, "dict"), ("file.csv", "str"), (3, "int")],
)
def test_what_is_no_iterable_of_batches(source, kind):
    with pytest.raises(DataError, match=f"a {kind} is not an iterable of .* give arrays as x"):
        data.as_batches(source)


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ((), "got 0 parts"),
        (PAIRS[0] * 2, "got 4 parts"),
        ((np.ones(2), np.ones(3)), "x has 2, y has 3"),
        ((1.0, 2.0), "x is a float without an axis of samples"),
    ],
)
def test_an_item_that_is_no_batch(item, text):
    with pytest.raises(DataError, match=text):
        list(data.as_batches([item]).epoch(0))


# --- Iris, digits ------------------------------------------------------------------------


@pytest.mark.parametrize("fraction", [0.2, 0.5])
@pytest.mark.parametrize(
    ("load", "total", "shape", "classes"),
    [(data.load_iris, 150, (4,), 3), (data.load_digits, 1797, (8, 8, 1), 10)],
)
def test_sets_are_parted_class_by_class(load, total, shape, classes, fraction):
    found = load(test_fraction=fraction)
    assert found.x_train.shape[1:] == found.x_test.shape[1:] == shape
    assert len(found.x_train) + len(found.x_test) == total
    assert len(found.classes) == classes
    assert {found.x_train.dtype.name, found.x_test.dtype.name} == {"float32"}
    assert {found.y_train.dtype.name, found.y_test.dtype.name} == {"int64"}
    train, test = np.bincount(found.y_train), np.bincount(found.y_test)
    np.testing.assert_array_equal(test, [round(fraction * size) for size in (train + test)])
    assert len(set(found.y_train[:20].tolist())) > 1, "classes come mixed, not one by one"


def test_digits_are_scikit_learns_samples_each_once():
    from sklearn.datasets import load_digits

    raw = load_digits()
    found = data.load_digits(flat=True)
    x, y = np.concatenate([found.x_train, found.x_test]), [*found.y_train, *found.y_test]
    ours = sorted((*row, label) for row, label in zip((x * 16).tolist(), y, strict=True))
    assert ours == sorted(
        (*r, label) for r, label in zip(raw.data.tolist(), raw.target, strict=True)
    )
    assert (x.min(), x.max()) == (0.0, 1.0)
    np.testing.assert_array_equal(data.load_digits().x_test.reshape(-1, 64), found.x_test)


def test_iris_is_standardised_by_its_training_part():
    found = data.load_iris()
    np.testing.assert_allclose(found.x_train.mean(axis=0), 0, atol=1e-6)  # float32 rounding
    np.testing.assert_allclose(found.x_train.std(axis=0), 1, rtol=1e-6)  # float32 rounding
    assert not np.allclose(found.x_test.mean(axis=0), 0, atol=1e-3)  # far above float32 rounding


def test_the_split_depends_on_the_seed_alone():
    first, again, other = (data.load_iris(seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.x_train, again.x_train)
    assert not np.array_equal(first.y_train, other.y_train)


@pytest.mark.parametrize("fraction", [0.0, 1.0, 0.001, -1])
def test_a_test_part_without_samples_of_a_class(fraction):
    with pytest.raises(ConfigError, match="of the 50 samples of class 0 test data"):
        data.load_iris(test_fraction=fraction)


def test_without_scikit_learn_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)  # what an absent package looks like
    with pytest.raises(MissingPackage, match=r"load_iris .*; pip install 'dualnet\[data\]'"):
        data.load_iris()


def test_importing_data_imports_no_framework_and_no_scikit_learn():
    code = (
        "import sys, dualnet.data; "
        "print(*{'torch', 'tensorflow', 'keras', 'sklearn'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


# --- MNIST files -------------------------------------------------------------------------

CODES = {"u1": 8, "i1": 9, ">i2": 0x0B, ">i4": 0x0C, ">f4": 0x0D, ">f8": 0x0E}
FILES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


def _idx(array, code):
    sizes = np.array(array.shape, ">u4").tobytes()
    return bytes([0, 0, CODES[code], array.ndim]) + sizes + array.astype(code).tobytes()


def _mnist_parts():
    pixels = Stream(0, "test").integers(0, 256, (5, 28, 28)).astype(np.uint8)
    return {
        "x_train": pixels[:3],
        "y_train": np.array([7, 0, 9], np.uint8),
        "x_test": pixels[3:],
        "y_test": np.array([1, 2], np.uint8),
    }


def _write_folder(folder, parts, *, rename=str, pack=bytes):
    for part, name in FILES.items():
        (folder / rename(name)).write_bytes(pack(_idx(parts[part], "u1")))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 1, 3)])
def test_read_idx_reads_every_dtype_and_rank(tmp_path, code, shape, pack):
    values = (np.arange(np.prod(shape, dtype=int)) * 21).reshape(shape).astype(code)
    (tmp_path / "file").write_bytes(pack(_idx(values, code)))
    found = data.read_idx(tmp_path / "file")
    np.testing.assert_array_equal(found, values, strict=False)
    assert found.shape == shape
    assert found.dtype == values.dtype.newbyteorder("=")
    assert found.flags.writeable


def test_read_idx_is_big_endian(tmp_path):
    (tmp_path / "file").write_bytes(bytes([0, 0, 0x0B, 1, 0, 0, 0, 2, 1, 2, 255, 254]))
    assert data.read_idx(tmp_path / "file").tolist() == [0x0102, -2]


GOOD = _idx(np.arange(6).reshape(2, 3), "u1")
BOMB = bytes([0, 0, 0x0E, 3]) + b"\xff" * 12  # a header that asks for 2**99 bytes
DAMAGED = {
    "empty": (b"", "begins with nothing"),
    "magic": (b"\x89PNG\r\n", "not an IDX file: it begins with 89 50 4e 47"),
    "dtype": (b"\0\0\x0a\x01" + b"\0\0\0\0", "not an IDX file: it begins with 00 00 0a 01"),
    "header cut": (GOOD[:9], "its header has no 2 sizes"),
    "rank": (b"\0\0\x08\xff" + b"\0" * 4 * 255, "its header has no 255 sizes"),
    "values cut": (GOOD[:-1], r"is cut off: shape \(2, 3\) of uint8 takes 6 bytes, got 5"),
    "values over": (GOOD + b"\0", r"goes on after its values: .* takes 6 bytes, got more"),
    "lying header": (BOMB, "is cut off: .* got 0"),
    "lying gzip": (gzip.compress(BOMB), "is cut off: .* got 0"),
    "gzip cut": (gzip.compress(GOOD)[:-9], "cannot be read"),
    "gzip damaged": (gzip.compress(GOOD)[:-8] + b"\0" * 8, "cannot be read: CRC check failed"),
    "gzip foreign": (gzip.compress(b"hello"), "not an IDX file: it begins with 68 65 6c 6c"),
}


@pytest.mark.parametrize(("content", "text"), DAMAGED.values(), ids=DAMAGED)
def test_read_idx_refuses_damaged_files(tmp_path, content, text):
    (tmp_path / "file.idx").write_bytes(content)
    with pytest.raises(DataError, match=rf"file\.idx.* {text}"):
        data.read_idx(tmp_path / "file.idx")


def test_read_idx_of_a_missing_file(tmp_path):
    with pytest.raises(DataError, match=r"cannot be read: .*No such file"):
        data.read_idx(tmp_path / "nowhere")


def _npz(path: Path, parts) -> Path:
    np.savez(path / "mnist.npz", **parts)
    return path / "mnist.npz"


def _folder(path: Path, parts) -> Path:
    _write_folder(path, parts)
    return path


def _zipped_folder(path: Path, parts) -> Path:
    _write_folder(path, parts, rename="{}.gz".format, pack=gzip.compress)
    return path


def _dotted_folder(path: Path, parts) -> Path:
    _write_folder(path, parts, rename=lambda name: name.replace("-idx", ".idx"))
    return path


@pytest.mark.parametrize("write", [_npz, _folder, _zipped_folder, _dotted_folder])
def test_load_mnist_reads_each_form(tmp_path, write):
    parts = _mnist_parts()
    path = write(tmp_path, parts)
    found = data.load_mnist(str(path))
    assert found.x_train.shape == (3, 28, 28, 1)
    assert found.x_train.dtype == np.float32
    np.testing.assert_array_equal(found.x_train[..., 0], parts["x_train"] / np.float32(255))
    np.testing.assert_array_equal(found.x_test[..., 0], parts["x_test"] / np.float32(255))
    assert (found.y_train.tolist(), found.y_test.tolist()) == ([7, 0, 9], [1, 2])
    assert found.y_train.dtype == np.int64
    assert found.classes == tuple("0123456789")
    flat = data.load_mnist(path, flat=True)
    np.testing.assert_array_equal(flat.x_test, found.x_test.reshape(2, 784))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"y_train": np.zeros(4, np.uint8)}, "x_train has 3 images, y_train 4 labels"),
        ({"x_test": np.zeros((2, 32, 32), np.uint8)}, r"x_test must be .*\(2, 32, 32\)"),
        ({"x_test": np.zeros((2, 28, 28))}, "x_test must be uint8 .* got float64"),
        ({"y_test": np.zeros((2, 1), np.uint8)}, r"y_test must be integers of shape \(n,\)"),
        ({"y_test": np.zeros(2)}, "y_test must be integers .* got float64"),
        ({"y_test": np.array([3, 10])}, "y_test goes from 3 to 10, labels are 0 to 9"),
        ({"y_test": np.array([-1, 0])}, "y_test goes from -1 to 0"),
        (
            {"x_test": np.zeros((0, 28, 28), np.uint8), "y_test": np.zeros(0, np.uint8)},
            "x_test has no images",
        ),
        ({"y_test": np.array([object(), 1])}, "cannot be read: Object arrays cannot be loaded"),
    ],
)
def test_load_mnist_refuses_other_arrays(tmp_path, change, text):
    path = _npz(tmp_path, _mnist_parts() | change)
    with pytest.raises(DataError, match=text):
        data.load_mnist(path)


def test_load_mnist_names_what_is_missing(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.npz does not exist; give Keras's mnist\.npz"):
        data.load_mnist(tmp_path / "nowhere.npz")
    with pytest.raises(DataError, match="has no file train-images-idx3-ubyte"):
        data.load_mnist(tmp_path)
    parts = _mnist_parts()
    del parts["y_test"]
    with pytest.raises(DataError, match=r"no array .*y_test"):
        data.load_mnist(_npz(tmp_path, parts))


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (lambda content: b"not a zip", "is not an .npz archive"),
        (lambda content: content[: len(content) // 2], "is not an .npz archive"),
        (lambda content: content[:200] + b"\xff" * 50 + content[250:], "cannot be read"),
    ],
    ids=["foreign", "cut off", "damaged"],
)
def test_load_mnist_refuses_damaged_archives(tmp_path, damage, text):
    path = _npz(tmp_path, _mnist_parts())
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=text):
        data.load_mnist(path)


class Slow:
    """Epochs of three batches, which notes when each is made; the third may fail."""

    def __init__(self, fails: bool = False) -> None:
        self.made: list[int] = []
        self.fails = fails

    def epoch(self, epoch: int) -> Iterator[data.Batch]:
        for number in range(3):
            if self.fails and number == 2:
                raise OSError("the disk is gone")
            self.made.append(number)
            yield data.Batch(np.full((2, 1), number))


def test_prefetched_batches_are_the_sources_in_order() -> None:
    ahead = data.Prefetched(data.Batches(np.arange(7), batch_size=2, shuffle=True, seed=1), ahead=1)
    plain = data.Batches(np.arange(7), batch_size=2, shuffle=True, seed=1)
    for epoch in range(2):
        found = [batch.x.tolist() for batch in ahead.epoch(epoch)]
        assert found == [batch.x.tolist() for batch in plain.epoch(epoch)]
    assert operator.length_hint(data.Prefetched([np.zeros((1, 1))])) == 1


def test_prefetched_is_ahead_and_not_too_far() -> None:
    source, running = Slow(), threading.active_count()
    batches = data.Prefetched(source, ahead=1).epoch(0)
    next(batches)
    deadline = time.monotonic() + 10  # far more than a thread takes
    while source.made != [0, 1, 2] and time.monotonic() < deadline:
        time.sleep(0.001)
    assert source.made == [0, 1, 2]  # one waits, and one is ready to
    batches.close()
    assert threading.active_count() == running


def test_an_error_of_the_source_comes_in_its_place() -> None:
    seen = []
    with pytest.raises(OSError, match="the disk is gone"):
        seen.extend(batch.x[0, 0] for batch in data.Prefetched(Slow(fails=True)).epoch(0))
    batches = data.Prefetched(Slow(fails=True)).epoch(0)
    assert [next(batches).x[0, 0], next(batches).x[0, 0]] == [0, 1]
    with pytest.raises(OSError, match="the disk is gone"):
        next(batches)


@pytest.mark.parametrize("source", [np.zeros(3), "text", 3])
def test_prefetched_refuses_what_is_no_source(source: object) -> None:
    with pytest.raises(DataError):
        data.Prefetched(source)
    with pytest.raises(ConfigError, match="ahead"):
        data.Prefetched([], ahead=0)
