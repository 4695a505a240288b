"""Tensors: native ones, with one set of names; under either backend.

DUALNET_BACKEND=torch python examples/tensors.py
DUALNET_BACKEND=tensorflow python examples/tensors.py
"""

import numpy as np

import dualnet as dn
from dualnet import ops


def main() -> None:
    a = ops.asarray([[1.0, 2.0], [3.0, 4.0]])
    print("a is native:", type(a).__module__.split(".")[0], "| its backend:", dn.backend_of(a))
    print("shape", tuple(a.shape), "on", dn.device_of(a))

    print("\nexponentials  ", np.round(dn.to_numpy(ops.exp(a)), 3).ravel())
    print("matrix product", dn.to_numpy(a @ a).tolist())
    print("column means  ", dn.to_numpy(ops.mean(a, axis=0)).tolist())
    print("stable order  ", dn.to_numpy(ops.argsort(ops.asarray([3, 1, 2, 1]))).tolist())

    print("\nDtypes meet as the array API standard says, on both frameworks:")
    small, large = ops.asarray([1, 2], dtype="int8"), ops.asarray([1, 2], dtype="int32")
    print("int8 + int32 ->", dn.to_numpy(ops.add(small, large)).dtype)
    try:
        ops.add(small, a)
    except dn.DtypeError as error:
        print("int8 + float32 ->", error)

    print("\nThe same random bits everywhere:")
    print(dn.to_numpy(dn.random.normal((3,), seed=1)))

    array = np.arange(3.0)
    print("\nNumPy in and out:", dn.to_numpy(ops.asarray(array) * 2).tolist())


if __name__ == "__main__":
    main()
