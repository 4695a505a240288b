"""A layer of one's own inside ``fit``, and the same network inside a loop of one's own.

DUALNET_BACKEND=tensorflow python examples/custom_layer.py
"""

import dualnet as dn
from dualnet import nn, ops, optim


class Gated(nn.Layer):
    """``y = sigmoid(x · gate) * dense(x)``: a weight of its own beside a sub-layer."""

    units: int
    dense: nn.Layer

    def check(self) -> None:
        """Runs when the definition is made; a bad hyperparameter goes no further."""
        if self.units < 1:
            raise dn.ConfigError(f"Gated(units={self.units}): give a positive number")

    def build(self, input_shape):
        """Runs when the shape of the input is known."""
        self.add_weight("gate", (input_shape[-1], self.units), "glorot_uniform")

    def forward(self, x):
        """Runs on native tensors; ``self.gate`` is a native parameter."""
        return ops.nn.sigmoid(x @ self.gate) * self.dense(x)


class Residual(nn.Layer):
    """``x + scale * inner(x)`` around any layer that keeps the shape."""

    inner: nn.Layer
    scale: float = 1.0

    def forward(self, x):
        return x + self.scale * self.inner(x)


NET = nn.Sequential(
    nn.Dense(16, activation="relu"),
    Residual(nn.Sequential(nn.LayerNorm(), nn.Dense(16, activation="tanh")), scale=0.5),
    Gated(8, dense=nn.Dense(8)),
    nn.Dense(3),
)


def high_level(iris: dn.data.Dataset) -> None:
    """The definition under ``fit``."""
    model = dn.Model(NET, input_shape=(4,), seed=0)
    model.compile(optim.Adam(0.01), "cross_entropy", ["accuracy"])
    model.fit(iris.x_train, iris.y_train, batch_size=16, epochs=40, verbose=0)
    scores = model.evaluate(iris.x_test, iris.y_test)
    print(f"fit:      test loss {scores['loss']:.5f}  accuracy {scores['accuracy']:.4f}")


def low_level(iris: dn.data.Dataset) -> None:
    """The same definition, seed and batches in a loop by hand: the same numbers."""
    model = dn.Model(NET, input_shape=(4,), seed=0)
    optimizer = optim.Adam(0.01).bind(model)
    batches = dn.data.Batches(iris.x_train, iris.y_train, batch_size=16, shuffle=True, seed=0)
    for epoch in range(40):
        for batch in batches.epoch(epoch):
            with dn.GradientTape() as tape:
                loss = dn.losses.cross_entropy(batch.y, model(batch.x, training=True))
            optimizer.apply(tape.gradient(loss, model.trainable_variables))
    output = model(iris.x_test)
    loss = float(dn.to_numpy(dn.losses.cross_entropy(iris.y_test, output)))
    accuracy = (dn.to_numpy(output).argmax(axis=1) == iris.y_test).mean()
    print(f"own loop: test loss {loss:.5f}  accuracy {accuracy:.4f}")


if __name__ == "__main__":
    data = dn.data.load_iris()
    high_level(data)
    low_level(data)
