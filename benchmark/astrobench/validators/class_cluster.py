"""Do the target's latents fall into clusters, and are these the classes that the network tells?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from astrobench.validators.snapshot import Snapshot

MOST_STEPS = 100


def class_cluster(snapshot: Snapshot) -> float:
    """Return the adjusted mutual information of told classes and k-means clusters of the target's latents, up to 1.

    k is the number of classes that are told, and the clusters start from their means, so nothing is drawn. 0 on
    average for clusters that have nothing to do with the classes, and where one class is told of all images. Source:
    ClassAMI of Musgrave et al. 2022 (arXiv:2208.07360); Vinh et al. 2010 (JMLR 11, 2837).
    """
    _, told = np.unique(snapshot.target_logits.argmax(axis=1), return_inverse=True)
    if told.max() == 0:
        return 0.0
    return adjusted_mutual_information(told, clusters(snapshot.target_latent, told))


def clusters(points: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return the k-means cluster of each point, int64 (N,), by Lloyd's steps from the clusters `start`, int64 (N,)."""
    points = points - points.mean(axis=0)
    member, count = start, int(start.max()) + 1
    centres = np.zeros((count, points.shape[1]))
    for _ in range(MOST_STEPS):
        for number in range(count):
            if (member == number).any():  # an empty cluster stays where it was
                centres[number] = points[member == number].mean(axis=0)
        nearest = (np.square(centres).sum(axis=1) - 2 * points @ centres.T).argmin(axis=1)
        if np.array_equal(nearest, member):
            break
        member = nearest
    return member


def adjusted_mutual_information(a: np.ndarray, b: np.ndarray) -> float:
    """Return (I − E[I]) / (mean(H) − E[I]) of two labellings int64 (N,); 0 where either has one label only.

    E[I] is over all labellings with the same counts.
    """
    table = np.zeros((int(a.max()) + 1, int(b.max()) + 1))
    np.add.at(table, (a, b), 1)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    rows, columns = rows[rows > 0], columns[columns > 0]
    if min(len(rows), len(columns)) < 2:
        return 0.0
    expected = _expected(rows, columns)
    both = _entropy(rows) + _entropy(columns)
    return float((both - _entropy(table[table > 0]) - expected) / (both / 2 - expected))


def _entropy(counts: np.ndarray) -> float:
    shares = counts / counts.sum()
    return -float((shares * np.log(shares)).sum())


def _expected(rows: np.ndarray, columns: np.ndarray) -> float:
    """Return the mean mutual information of two labellings with these counts, float64 each (hypergeometric)."""
    n = int(rows.sum())
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    total = 0.0
    for a in rows.astype(int):
        for b in columns.astype(int):
            k = np.arange(max(1, a + b - n), min(a, b) + 1)
            weight = (
                log_factorial[a] + log_factorial[b] + log_factorial[n - a] + log_factorial[n - b] - log_factorial[n]
                - log_factorial[k] - log_factorial[a - k] - log_factorial[b - k] - log_factorial[n - a - b + k]
            )  # fmt: skip
            total += float((k / n * np.log(n * k / (a * b)) * np.exp(weight)).sum())
    return total
