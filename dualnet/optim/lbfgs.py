"""L-BFGS."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from dualnet.errors import ConfigError
from dualnet.optim.base import Optimizer
from dualnet.optim.check import check_integer, check_nonnegative
from dualnet.optim.groups import SHARED
from dualnet.optim.schedules import Schedule
from dualnet.typing import Tree

if TYPE_CHECKING:
    from dualnet.optim.searching import BoundLBFGS

__all__ = ["LBFGS"]

SEARCHES = (None, "strong_wolfe")


class LBFGS(Optimizer):
    """The quasi-Newton method of limited memory: for full batches and smooth losses.

    With ``s = Δp`` and ``y = Δg`` of the last iterations and ``H₀ = s·y / y·y`` of the newest::

        d = -H · g                     by the two-loop recursion over the pairs (s, y)
        t = lr                         minimum(1, 1 / Σ|g|) · lr at the very first iteration
        p ← p + t · d                  or with t of a search along d, which starts there

    Liu & Nocedal, "On the limited memory BFGS method for large scale optimization", 1989;
    Nocedal & Wright, "Numerical Optimization", 2006, algorithms 7.4 and 7.5; rules of stopping
    and defaults are ``torch.optim.LBFGS``'s.  A pair with ``s·y ≤ 1e-10`` is not kept.

    An update evaluates the loss again and again, so it takes a function in place of gradients:
    :meth:`BoundOptimizer.minimize`, which ``fit`` calls with every batch.  It works on all
    variables as one vector, and cannot be compiled, since the loss decides what comes next;
    under ``jit`` the loss and its gradients are.

    One update ends after ``max_iter`` iterations or ``max_eval`` evaluations, where no element
    of the gradient is above ``tolerance_grad``, or where the loss or every variable changes by
    no more than ``tolerance_change``.  The next one goes on with the pairs it has.

    Args:
        learning_rate: ``lr``.
        max_iter: the most iterations of one update.
        max_eval: the most evaluations of the loss in one update; ``max_iter · 5 // 4`` if not
            given.
        tolerance_grad: see above.
        tolerance_change: see above.
        history_size: how many pairs are kept.
        line_search_fn: ``"strong_wolfe"`` searches along ``d``; ``None`` goes ``t = lr``.

    Raises:
        ConfigError: weight decay, clipping, groups, accumulation, averages or a loss scale,
            none of which this formula has a place for.
    """

    needs_closure: ClassVar[bool] = True

    learning_rate: float | Schedule = 1.0
    max_iter: int = 20
    max_eval: int | None = None
    tolerance_grad: float = 1e-7
    tolerance_change: float = 1e-9
    history_size: int = 100
    line_search_fn: str | None = None

    def check(self) -> None:
        super().check()
        name = type(self).__name__
        check_integer(name, max_iter=self.max_iter, history_size=self.history_size)
        if self.max_eval is not None:
            check_integer(name, max_eval=self.max_eval)
        check_nonnegative(
            name, tolerance_grad=self.tolerance_grad, tolerance_change=self.tolerance_change
        )
        if self.line_search_fn not in SEARCHES:
            raise ConfigError(
                f"{name}: line_search_fn={self.line_search_fn!r}; choose one of {SEARCHES}"
            )
        given = [
            field
            for field in (*SHARED, "weight_decay", "l2")
            if getattr(self, field) != getattr(Optimizer, field)
        ]
        if given:
            elsewhere = "" if self.loss_scale is None else ", or a dtype other than mixed_float16"
            raise ConfigError(
                f"{name}: {', '.join(given)} have no place in a formula that searches the minimum "
                "of the loss as it is; add a penalty to the loss, or take another optimizer"
                f"{elsewhere}"
            )

    @property
    def evaluations(self) -> int:
        """The most evaluations of one update."""
        return self.max_iter * 5 // 4 if self.max_eval is None else self.max_eval

    def bind(self, model: Tree) -> BoundLBFGS:
        from dualnet.optim.searching import BoundLBFGS  # it stands on this module

        return BoundLBFGS(self, model)
