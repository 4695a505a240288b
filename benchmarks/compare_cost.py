"""What `dualnet.compare` costs: its time over that of `fit` on the slower backend.

    python benchmarks/compare_cost.py                    # every network, 100 and 400 steps
    python benchmarks/compare_cost.py mlp lstm --steps 1000 --rounds 3

Everything runs in one process, in interleaved rounds; each `fit` starts from a new model, so
that compilation counts on both sides.  Printed are medians over the rounds.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time

import numpy as np

import dualnet as dn
from dualnet import nn, optim

BATCH = 64


def mlp():
    net = nn.Sequential(nn.Dense(128, activation="relu"), nn.Dropout(0.2), nn.Dense(10))
    return net, (784,)


def cnn():
    net = nn.Sequential(
        nn.Conv2D(16, 3, activation="relu"),
        nn.MaxPool2D(2),
        nn.Conv2D(32, 3, activation="relu"),
        nn.MaxPool2D(2),
        nn.Flatten(),
        nn.Dense(10),
    )
    return net, (28, 28, 1)


def lstm():
    return nn.Sequential(nn.LSTM(128), nn.Dense(10)), (64, 32)


def transformer():
    x = y = nn.Input((64, 128))
    for _ in range(2):
        normed = nn.LayerNorm()(y)
        y = nn.Add()([y, nn.MultiHeadAttention(4, 32)(normed, normed)])
        inner = nn.Dense(256, activation="gelu")(nn.LayerNorm()(y))
        y = nn.Add()([y, nn.Dense(128)(inner)])
    return nn.Graph(x, nn.Dense(10)(nn.GlobalAvgPool1D()(y))), (64, 128)


NETWORKS = {make.__name__: make for make in (mlp, cnn, lstm, transformer)}


def data(shape, steps):
    """At most 32 batches, walked as often as it takes."""
    rng = np.random.default_rng(0)
    count = BATCH * min(steps, 32)
    return rng.normal(size=(count, *shape)).astype("float32"), rng.integers(0, 10, count)


def fit(net, x, y, epochs, backend):
    model = dn.Model(net, x.shape[1:], backend=backend, device="cpu")
    model.compile(optimizer=optim.Adam(1e-3), loss="cross_entropy")
    model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=0)


def compare(net, x, y, epochs):
    return dn.compare(
        net,
        x,
        y,
        loss="cross_entropy",
        optimizer=optim.Adam(1e-3),
        batch_size=BATCH,
        epochs=epochs,
    )


def seconds(work, *args):
    begun = time.process_time()
    work(*args)
    return time.process_time() - begun


def measure(name, steps, rounds):
    """Median seconds of both fits and of the comparison."""
    net, shape = NETWORKS[name]()
    x, y = data(shape, steps)
    epochs = max(1, round(steps / (len(x) // BATCH)))
    works = [(fit, "torch"), (fit, "tensorflow"), (compare,)]
    found = [
        [seconds(work, net, x, y, epochs, *more) for work, *more in works] for _ in range(rounds)
    ]
    return [statistics.median(column) for column in zip(*found, strict=True)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", default=list(NETWORKS))
    parser.add_argument("--steps", type=int, nargs="+", default=[100, 400])
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    measure("mlp", 1, 1)  # what a process does once
    print(
        f"{'network':12} {'steps':>6} {'torch':>8} {'tf':>8} {'compare':>8} {'ratio':>6} {'MiB':>6}"
    )
    for name in args.networks:
        for steps in args.steps:
            torch, tensorflow, both = measure(name, steps, args.rounds)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{name:12} {steps:6d} {torch:8.2f} {tensorflow:8.2f} {both:8.2f} "
                f"{both / max(torch, tensorflow):6.2f} {peak:6.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
