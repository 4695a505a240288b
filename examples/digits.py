"""Handwritten digits: one layer against several.

The data are scikit-learn's 8x8 digits; with MNIST at hand, give its path:

DUALNET_BACKEND=torch python examples/digits.py
python examples/digits.py --mnist ~/mnist.npz --epochs 5
python examples/digits.py --mnist ~/folder-with-idx-files
"""

import argparse

import dualnet as dn
from dualnet import nn, optim


def train(name: str, net: nn.Layer, data: dn.data.Dataset, epochs: int) -> float:
    """Trains one network and returns its accuracy on the test data."""
    model = dn.Model(net, input_shape=data.x_train.shape[1:], seed=0)
    model.compile(optimizer=optim.Adam(2e-3), loss="cross_entropy", metrics=["accuracy"])
    start = model.evaluate(data.x_train, data.y_train)["loss"]
    model.fit(data.x_train, data.y_train, batch_size=64, epochs=epochs, verbose=0)
    accuracy = model.evaluate(data.x_test, data.y_test)["accuracy"]
    print(f"{name:12s} {model.count_params():7,d} parameters  initial loss {start:.6f}", end="  ")
    print(f"test accuracy {accuracy:.4f}")
    return accuracy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--mnist", help="mnist.npz, or a folder with the four IDX files")
    parser.add_argument("--epochs", type=int, default=40)
    options = parser.parse_args()
    data = dn.data.load_mnist(options.mnist) if options.mnist else dn.data.load_digits()

    single = nn.Sequential(nn.Flatten(), nn.Dense(10))
    several = nn.Sequential(
        nn.Flatten(),
        nn.Dense(128, activation="relu"),
        nn.Dropout(0.2),
        nn.Dense(64, activation="relu"),
        nn.Dense(10),
    )
    train("single layer", single, data, options.epochs)
    train("multi-layer", several, data, options.epochs)


if __name__ == "__main__":
    main()
