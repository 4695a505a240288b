"""The normal quantile, by Wichura's algorithm AS 241 (PPND16).

Wichura, "Algorithm AS 241: The percentage points of the normal distribution", Applied
Statistics 37 (1988), 477–484.  Rational approximations in the centre and in the near
tails; the far tails, beyond ±6.6, are left out: no draw here reaches them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["normal_quantile"]

# fmt: off - the coefficients, as printed in the paper
CENTRE = (
    (
        3.3871328727963666080e0,
        1.3314166789178437745e2,
        1.9715909503065514427e3,
        1.3731693765509461125e4,
        4.5921953931549871457e4,
        6.7265770927008700853e4,
        3.3430575583588128105e4,
        2.5090809287301226727e3,
    ),
    (
        1.0,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ),
)
TAIL = (
    (
        1.42343711074968357734e0,
        4.63033784615654529590e0,
        5.76949722146069140550e0,
        3.64784832476320460504e0,
        1.27045825245236838258e0,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ),
    (
        1.0,
        2.05319162663775882187e0,
        1.67638483018380384940e0,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ),
)
# fmt: on


def normal_quantile(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """``x`` with ``Φ(x) = p``, to about 1e-16 of ``x``; ``p`` is of rank 1.

    Right for ``1.4e-11 < p < 1 - 1.4e-11``.

    >>> normal_quantile(np.array([0.5, 0.975])).round(6).tolist()
    [0.0, 1.959964]
    """
    q = p - 0.5
    centre = np.abs(q) <= 0.425
    x = q * _ratio(CENTRE, 0.180625 - q * q)
    tail = p[~centre]
    distance = np.sqrt(-np.log(np.minimum(tail, 1.0 - tail)))
    x[~centre] = np.copysign(_ratio(TAIL, distance - 1.6), q[~centre])
    return x


def _ratio(
    polynomials: tuple[tuple[float, ...], tuple[float, ...]], r: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    above, below = (np.polynomial.polynomial.polyval(r, c, tensor=False) for c in polynomials)
    return np.asarray(above / below)
