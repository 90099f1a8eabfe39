"""Isomap of one network's latents: galaxies in two domains, and a few of them attacked, fitted together.

Source: Tenenbaum, de Silva & Langford 2000; settings of DeepAdversaries (arXiv 2112.14299), isomap_plot.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from astrobench_figures.grouping import few
from astrobench_figures.twins import refused, rows_of, shown_once

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astrobench import DataError, Exhibit, Prediction

    from astrobench_figures.twins import Twins

SEED = 0
NEIGHBOURS = 5  # scikit-learn's default
MOST_TRIPLETS = 3


@dataclass(frozen=True, eq=False)
class Embedding:
    """Points float64 (n, d) of galaxies as learned, the same in another domain, and (t, d) of triplets, thrice.

    classes: what was predicted of each, int64 (n,), (n,) and (t,) thrice. names: of the triplets, str (t,).
    """

    points: tuple[np.ndarray, ...]
    classes: tuple[np.ndarray, ...]
    names: np.ndarray


def embedded(twins: Twins, number: int, dimensions: int, triplets: np.ndarray) -> Embedding:
    """Return the isomap of `number` galaxies drawn with replacement, fewer where there are fewer, and of triplets.

    triplets: ids str (M,) of which a few, evenly spaced in their order, are drawn thrice.
    """
    some = few(triplets, MOST_TRIPLETS)
    parts = [*_of(twins.said[:2], _drawn(twins, number)), *_of(twins.said, some)]
    latents = [one.latent[rows].astype(np.float64) for one, rows in parts]
    ends = np.cumsum([len(part) for part in latents])[:-1]
    points = tuple(np.split(_isomap(np.concatenate(latents), dimensions), ends))
    return Embedding(points, tuple(one.logits[rows].argmax(1) for one, rows in parts), some)


def enough(rivals: Sequence[Twins], number: int) -> bool:
    """Say whether each method has so many different galaxies in both domains that an isomap can be fitted."""
    return all(len(set(_drawn(twins, number))) > NEIGHBOURS for twins in rivals)


def too_few(figure: str, exhibits: Sequence[Exhibit]) -> DataError:
    """Return the refusal of records that no isomap can be fitted to."""
    draws = f"more than {NEIGHBOURS} galaxies of equal id in two domains beside those that an attack on pixels met"
    return refused(figure, draws, exhibits, "no such classification", "run it with one_pixel")


def _drawn(twins: Twins, number: int) -> np.ndarray:
    """Return ids str (n,) of galaxies in both domains, drawn with replacement."""
    learned, other, _ = twins.said
    both = np.intersect1d(shown_once(learned.ids), shown_once(other.ids))
    common = learned.ids[np.isin(learned.ids, both)]
    rows = np.random.RandomState(SEED).randint(0, max(len(common), 1), min(number, len(common)))
    return np.asarray(common[rows])


def _of(said: Sequence[Prediction], ids: np.ndarray) -> list[tuple[Prediction, np.ndarray]]:
    return [(one, rows_of(one.ids, ids)) for one in said]


def _isomap(latents: np.ndarray, dimensions: int) -> np.ndarray:
    """Return float64 (n, d), scikit-learn's isomap with its defaults.

    Galaxies drawn twice stand in one place and two domains may lie far apart: then the graph of neighbours falls into
    pieces, which scikit-learn joins where they are nearest. It warns of it, and it is no fault here.
    """
    from sklearn.manifold import Isomap

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The number of connected components")
        warnings.filterwarnings("ignore", message="Changing the sparsity structure")
        return np.asarray(Isomap(n_components=dimensions).fit_transform(latents))
