"""A training loop of one's own: batches, a tape, an optimizer.

DUALNET_BACKEND=tensorflow python examples/low_level_loop.py
"""

import numpy as np

import dualnet as dn
from dualnet import nn, optim


def main() -> None:
    iris = dn.data.load_iris()
    net = nn.Sequential(nn.Dense(16, activation="tanh"), nn.Dense(3))
    model = dn.Model(net, input_shape=(4,), seed=0)
    optimizer = optim.Adam(0.02).bind(model)

    def step(x, y):
        with dn.GradientTape() as tape:
            loss = dn.losses.cross_entropy(y, model(x, training=True))
        optimizer.apply(tape.gradient(loss, model.trainable_variables))
        return loss

    batches = dn.data.Batches(iris.x_train, iris.y_train, batch_size=16, shuffle=True, seed=0)
    for epoch in range(30):
        losses = [float(dn.to_numpy(step(b.x, b.y))) for b in batches.epoch(epoch)]
        if epoch == 0:
            print(f"initial loss {losses[0]:.6f}")
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1:2d}  loss {np.mean(losses):.4f}")

    predicted = dn.to_numpy(model(iris.x_test)).argmax(axis=1)
    print(f"test accuracy {np.mean(predicted == iris.y_test):.4f}")


if __name__ == "__main__":
    main()
