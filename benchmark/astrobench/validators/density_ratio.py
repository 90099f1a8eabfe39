"""How much likelier a latent is in the target than in the source, from a classifier that tells the two apart."""

from __future__ import annotations

import numpy as np

RIDGES = (0.01, 0.1, 1.0)
"""Penalties that are tried; the one with the least loss on images held out is taken."""

MOST_STEPS, CLOSE = 50, 1e-9


def density_ratio(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return p_target/p_source at each source point, float64 (N,), of points float64 (N, F) and (M, F).

    Bayes: it is odds(target) · N/M. Points are split in two halves, every other one; each half is told by a classifier
    fitted to the other.
    """
    points = np.concatenate([source, target])
    is_target = np.repeat([0.0, 1.0], [len(source), len(target)])
    folds = np.concatenate([np.arange(len(source)) % 2, np.arange(len(target)) % 2])
    points = _standardised(points)
    told = [_held_out(points, is_target, folds, ridge) for ridge in RIDGES]
    best = min(told, key=lambda scores: log_loss(scores, is_target))
    ratio: np.ndarray = np.exp(np.clip(best[: len(source)], -50, 50)) * len(source) / len(target)
    return ratio


def _held_out(points: np.ndarray, is_target: np.ndarray, folds: np.ndarray, ridge: float) -> np.ndarray:
    """Return the log-odds of each point by the classifier that did not see it."""
    scores = np.empty(len(points))
    for fold in (0, 1):
        mine = folds == fold
        weights, intercept = logistic(points[~mine], is_target[~mine], ridge)
        scores[mine] = points[mine] @ weights + intercept
    return scores


def logistic(points: np.ndarray, labels: np.ndarray, ridge: float) -> tuple[np.ndarray, float]:
    """Return weights (F,) and intercept that minimise mean log-loss + ridge/2 · ‖weights‖², by Newton's method.

    points: float64 (N, F). labels: 0 or 1, float64 (N,). The weights lie in the span of the points, so a rotation onto
    it makes the Hessian min(N, F) wide, whatever F is.
    """
    _, scale, axes = np.linalg.svd(points, full_matrices=False)
    axes = axes[scale > 1e-10 * max(float(scale.max(initial=0)), 1e-300)]
    design = np.column_stack([points @ axes.T, np.ones(len(points))])
    penalty = np.append(np.full(len(axes), ridge), 1e-12)  # the intercept is free
    solution = np.zeros(design.shape[1])
    for _ in range(MOST_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(design @ solution, -500, 500)))
        slope = design.T @ (chance - labels) / len(labels) + penalty * solution
        bend = (design * (chance * (1 - chance))[:, None]).T @ design / len(labels) + np.diag(penalty)
        step = np.linalg.solve(bend, slope)
        solution = _lowered(design, labels, penalty, solution, step)
        if float(np.abs(step).max()) < CLOSE:
            break
    return axes.T @ solution[:-1], float(solution[-1])


def _lowered(
    design: np.ndarray, labels: np.ndarray, penalty: np.ndarray, start: np.ndarray, step: np.ndarray
) -> np.ndarray:
    """Return start − step, the step halved until the loss does not rise: a full one may overshoot far from the end."""

    def loss(at: np.ndarray) -> float:
        return log_loss(design @ at, labels) + float(penalty @ np.square(at)) / 2

    before = loss(start)
    for halvings in range(30):
        there: np.ndarray = start - step / 2**halvings
        if loss(there) <= before:
            return there
    return start


def log_loss(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean log-loss of log-odds (N,) for labels 0 or 1 (N,)."""
    return float(np.logaddexp(0, np.where(labels > 0, -scores, scores)).mean())


def _standardised(points: np.ndarray) -> np.ndarray:
    spread = points.std(axis=0)
    result: np.ndarray = (points - points.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return result
