"""dualnet: write a network once, train it on PyTorch or TensorFlow, prove that they agree.

>>> import dualnet as dn
>>> net = dn.nn.Sequential(dn.nn.Dense(16, activation="relu"), dn.nn.Dense(3))
>>> model = dn.Model(net, input_shape=(4,), backend="torch", seed=0)
>>> model.compile(optimizer="adam", loss="cross_entropy", metrics=["accuracy"])

Importing this package loads neither framework; the first model, tensor or ``set_backend``
does.  The public names stand in ``__init__.pyi``, for readers, type checkers and the lazy
loading here alike.
"""

from typing import Any

import lazy_loader

_attribute, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first used."""
    if name == "__version__":
        from importlib.metadata import version  # slow to import, seldom needed

        return version("dualnet")
    if name not in __all__:
        from dualnet.errors import no_attribute  # same

        raise no_attribute(__name__, name, __all__)
    return _attribute(name)
