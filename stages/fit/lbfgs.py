"""Minimize a smooth convex function by L-BFGS, without SciPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Objective = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]


def minimize_lbfgs(
    objective: Objective, start: NDArray[np.float64], enough: float = 1e-7, max_steps: int = 100, memory: int = 8
) -> NDArray[np.float64]:
    """Minimise a smooth convex function by L-BFGS (Nocedal & Wright 2006, algorithm 7.4) with backtracking.

    It ends with a step that gains less than `enough` of the value.
    """
    point, (value, gradient) = start, objective(start)
    history: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    for _ in range(max_steps):
        direction = -_times_inverse_hessian(gradient, history)
        slope = float(direction @ gradient)
        step = 1.0 if history else min(1.0, 1.0 / float(np.abs(gradient).sum() + 1e-12))
        while True:
            new_point = point + step * direction
            new_value, new_gradient = objective(new_point)
            if new_value <= value + 1e-4 * step * slope or step < 1e-10:
                break
            step /= 2
        moved, turned = new_point - point, new_gradient - gradient
        if float(moved @ turned) > 1e-12:
            history = [*history[1 - memory :], (moved, turned)]
        gain, point, value, gradient = value - new_value, new_point, new_value, new_gradient
        if gain < enough * max(abs(value), 1.0):
            break
    return point


def _times_inverse_hessian(
    gradient: NDArray[np.float64], history: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]
) -> NDArray[np.float64]:
    result, scales = gradient.copy(), []
    for moved, turned in reversed(history):
        scale = float(moved @ result) / float(moved @ turned)
        scales.append(scale)
        result = result - scale * turned
    if history:
        moved, turned = history[-1]
        result = result * float(moved @ turned) / float(turned @ turned)
    for (moved, turned), scale in zip(history, reversed(scales), strict=True):
        result = result + moved * (scale - float(turned @ result) / float(moved @ turned))
    return result
