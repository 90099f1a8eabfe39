"""How different two distributions of latent distances are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from astrobench import SuiteError
from astrobench_scores.distance_js import count_in_bins, distance_js, jensen_shannon
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

counts = st.lists(st.integers(0, 50), min_size=6, max_size=6).filter(any)


def pair(prediction, lengths, success=None):
    """Return clean and perturbed images that lie so far apart."""
    facts = {} if success is None else {"success": np.array(success, bool)}
    zero = np.zeros(len(lengths))
    moved = np.stack([np.asarray(lengths, np.float32), zero], axis=1)
    return prediction(latent=np.stack([zero, zero], axis=1)), prediction(latent=moved, facts=facts)


@given(counts, counts)
def test_the_distance_is_that_of_scipy(p, q):
    truth = jensenshannon(p, q)
    truth = 0.0 if math.isnan(truth) else truth  # SciPy's rounding can go below 0 for equal histograms
    assert jensen_shannon(np.array(p), np.array(q)) == pytest.approx(truth, abs=1e-7)


@pytest.mark.parametrize("bins", [1, 7, 20])
def test_the_whole_is_that_of_numpy_histograms_and_scipy(prediction, bins):
    rng = np.random.default_rng(bins)
    one, other = rng.gamma(3.0, size=60).astype(np.float32), rng.gamma(4.0, size=60).astype(np.float32)
    scores = distance_js(*pair(prediction, one), *pair(prediction, other), bins=bins)
    edges = np.histogram_bin_edges(np.concatenate([one, other]).astype(float), bins)
    histograms = [np.histogram(part.astype(float), edges)[0] for part in (one, other)]
    assert scores["distance_js"].value == pytest.approx(jensenshannon(*histograms), abs=1e-12)
    assert scores["distance_js_base2"].value == pytest.approx(jensenshannon(*histograms, base=2), abs=1e-12)


def test_apart_altogether_is_root_ln_2(prediction):
    scores = distance_js(*pair(prediction, [1, 1.1]), *pair(prediction, [8, 9]))
    assert scores["distance_js"].value == pytest.approx(0.8325546, abs=1e-7)
    assert scores["distance_js_base2"].value == pytest.approx(1, abs=1e-12)


def test_a_method_is_no_distance_from_itself(prediction):
    same = pair(prediction, [1, 2, 5])
    assert [score.value for score in distance_js(*same, *same).values()] == [0, 0]


def test_equal_lengths_share_one_bin(prediction):
    scores = distance_js(*pair(prediction, [2, 2]), *pair(prediction, [2, 2]))
    assert scores["distance_js"].value == 0


def test_bins_range_and_base_are_recorded(prediction):
    scores = distance_js(*pair(prediction, [0.5, 2]), *pair(prediction, [1, 3.25]), bins=5)
    assert scores["distance_js"].note == "5 equal bins from 0.5 to 3.25, base e"
    assert scores["distance_js_base2"].note == "5 equal bins from 0.5 to 3.25, base 2"
    assert scores["distance_js"].n == 2


def test_only_images_flipped_for_both_count(prediction):
    one, other = pair(prediction, [1, 2, 3, 4], [1, 1, 1, 0]), pair(prediction, [1, 2, 3, 4], [0, 1, 1, 1])
    assert distance_js(*one, *other)["distance_js"].note.startswith("20 equal bins from 2 to 3")


def test_no_common_flip_leaves_nan_and_the_reason(prediction):
    scores = distance_js(*pair(prediction, [1, 2], [1, 0]), *pair(prediction, [1, 2], [0, 1]))
    assert len(scores) == 2
    assert all(math.isnan(s.value) and s.note == "no image was flipped for both" for s in scores.values())


def test_two_samples_of_one_distribution_give_what_the_docstring_says():
    """The divergence of 200 such pairs, against (bins − 1)/(4n), of which it has a relative deviation of 0.02."""
    rng = np.random.default_rng(0)
    samples = rng.random((200, 2, 1000))
    divergences = [jensen_shannon(*(count_in_bins(x, 0, 1, 20) for x in both)) ** 2 for both in samples]
    assert np.mean(divergences) == pytest.approx(19 / 4000, rel=0.1)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30), st.integers(1, 25))
def test_every_value_falls_in_a_bin(values, bins):
    values = np.array(values)
    held = count_in_bins(values, values.min(), values.max(), bins)
    assert (len(held), held.sum()) == (bins, len(values))


def test_clean_images_are_not_compared_with_themselves(prediction):
    clean, _ = pair(prediction, [1])
    assert distance_js(clean, clean, clean, clean) == {}


def test_a_bad_number_of_bins_is_refused_in_every_cell(prediction):
    clean, _ = pair(prediction, [1])
    with pytest.raises(SuiteError, match="bins is 0: expected 1 to 10000"):
        distance_js(clean, clean, clean, clean, bins=0)
