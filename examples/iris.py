"""Iris with ``compile`` and ``fit``, validation and early stopping.

DUALNET_BACKEND=torch python examples/iris.py
"""

import dualnet as dn
from dualnet import callbacks, nn, optim


def main() -> None:
    iris = dn.data.load_iris()
    net = nn.Sequential(
        nn.Dense(16, activation="relu"), nn.Dense(16, activation="relu"), nn.Dense(3)
    )
    model = dn.Model(net, input_shape=(4,), seed=0)
    model.compile(optimizer=optim.Adam(0.01), loss="cross_entropy", metrics=["accuracy"])
    print(f"initial loss {model.evaluate(iris.x_train, iris.y_train)['loss']:.6f}")
    history = model.fit(
        iris.x_train,
        iris.y_train,
        batch_size=16,
        epochs=100,
        validation_split=0.2,
        callbacks=[callbacks.EarlyStopping("val_loss", patience=20, restore_best_weights=True)],
        verbose=0,
    )
    scores = model.evaluate(iris.x_test, iris.y_test)
    print(f"{len(history.epoch)} epochs, test loss {scores['loss']:.4f}")
    print(f"test accuracy {scores['accuracy']:.4f}")


if __name__ == "__main__":
    main()
