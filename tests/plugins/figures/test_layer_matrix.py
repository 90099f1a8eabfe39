"""The matrix that is drawn is the one that is scored."""

from __future__ import annotations

import numpy as np
from astrobench_figures.layer_matrix import layer_matrix
from astrobench_scores.cka_matrix import minibatch_cka


def test_it_is_the_scores_own_with_a_constant_layer_too():
    features = np.random.default_rng(0).normal(size=(4, 3, 9, 5))
    features[2] = 1.0
    grams = features @ np.swapaxes(features, -1, -2)
    np.testing.assert_allclose(layer_matrix(grams), minibatch_cka(grams), rtol=1e-10, equal_nan=True)
    assert np.isnan(layer_matrix(grams)[2]).all()
    assert np.isfinite(np.delete(np.delete(layer_matrix(grams), 2, 0), 2, 1)).all()
