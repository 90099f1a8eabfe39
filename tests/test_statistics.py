from __future__ import annotations

import math

import numpy as np
import pytest
from astrobench.statistics import (
    Difference,
    Part,
    Places,
    half_width,
    holm,
    mean_over_seeds,
    paired_difference,
    paired_values,
    places,
)
from astrobench.variances import image_part, object_part
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

SHARE = st.floats(0.0, 1.0)


def crossed(rng: np.random.Generator, seeds: int, images: int, spread: dict[str, float]) -> np.ndarray:
    """Two methods' outcomes, bool (2, S, N): right where a normal score with crossed random parts is positive.

    spread: standard deviations of the parts. seed: one draw a method and seed. image: shared by the methods.
    own: one draw a method and image. The rest has a standard deviation of 1.
    """
    score = np.array(MEANS)[:, None, None] + rng.normal(0, 1, (2, seeds, images))
    score += rng.normal(0, spread["seed"], (2, seeds, 1))
    score += rng.normal(0, spread["image"], (1, 1, images)) + rng.normal(0, spread["own"], (2, 1, images))
    return score > 0


MEANS = (0.9, 0.4)
SEEDS_RULE = {"seed": 0.5, "image": 0.5, "own": 0.0}
IMAGES_RULE = {"seed": 0.02, "image": 1.0, "own": 1.5}
BALANCED = {"seed": 0.15, "image": 1.0, "own": 0.7}


def truth(spread: dict[str, float]) -> float:
    """The difference in accuracy over all seeds and images, in closed form."""
    total = math.sqrt(1 + sum(value**2 for value in spread.values()))
    return float(stats.norm.cdf(MEANS[0] / total) - stats.norm.cdf(MEANS[1] / total))


@pytest.mark.parametrize("values", [(0.5, 0.7), (0.1, 0.2, 0.9, 0.4, 0.3)])
def test_mean_and_standard_error_are_those_of_scipy(values: tuple[float, ...]) -> None:
    mean = mean_over_seeds(values)
    assert (mean.value, mean.n) == (pytest.approx(np.mean(values)), len(values))
    assert mean.se == pytest.approx(stats.sem(values))


def test_one_seed_has_no_standard_error() -> None:
    assert mean_over_seeds([0.7]).se is None


def test_no_seed_has_no_mean() -> None:
    assert math.isnan(mean_over_seeds([]).value)


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("spread", [SEEDS_RULE, IMAGES_RULE, BALANCED], ids=["seeds", "images", "balanced"])
def test_the_interval_holds_the_true_gain_in_at_least_95_percent_of_sweeps(
    seeds: int, spread: dict[str, float]
) -> None:
    rng, sweeps, held = np.random.default_rng(seeds), 600, 0
    for _ in range(sweeps):
        low, high = paired_difference(*crossed(rng, seeds, 120, spread)).interval()
        held += low <= truth(spread) <= high
    assert held / sweeps >= 0.95 - 2.5 * math.sqrt(0.95 * 0.05 / sweeps)  # 2.5 standard errors of this simulation


def test_the_interval_is_not_needlessly_wide_at_five_seeds() -> None:
    rng = np.random.default_rng(1)
    found = [paired_difference(*crossed(rng, 5, 120, BALANCED)) for _ in range(300)]
    ideal = 1.96 * np.std([difference.value for difference in found])
    wide = np.median([high - low for low, high in (difference.interval() for difference in found)]) / 2
    assert ideal < wide < 1.6 * ideal  # Student's quantile of 4 degrees of freedom alone is 1.42 times 1.96


def test_standard_error_is_that_of_the_crossed_design_and_not_too_small() -> None:
    rng = np.random.default_rng(2)
    found = [paired_difference(*crossed(rng, 4, 120, BALANCED)) for _ in range(300)]
    actual = np.std([difference.value for difference in found])
    told = math.sqrt(np.mean([difference.se**2 for difference in found]))
    assert actual < told < 1.4 * actual


def two_seeds_where_seeds_rule(sweeps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Estimates around zero, and the variances that two seeds and 300 images would give them."""
    rng = np.random.default_rng(3)
    seed, image = 10 / 11, 1 / 11
    return rng.normal(0, 1, sweeps), seed * rng.chisquare(1, sweeps), image * rng.chisquare(299, sweeps) / 299


def test_satterthwaite_would_miss_at_two_seeds_where_ours_holds() -> None:
    estimate, seed, image = two_seeds_where_seeds_rule(2000)
    freedom = (seed + image) ** 2 / (seed**2 / 1 + image**2 / 299)
    satterthwaite = stats.t.ppf(0.975, freedom) * np.sqrt(seed + image)
    ours = [half_width((Part(s, 1), Part(i, 299)), 0.05) for s, i in zip(seed, image, strict=True)]
    assert (np.abs(estimate) < satterthwaite).mean() < 0.90
    assert (np.abs(estimate) < ours).mean() > 0.945


@given(st.floats(1e-6, 1), st.floats(0, 1), st.integers(1, 9), st.sampled_from([0.05, 0.003]))
def test_more_uncertainty_never_narrows_an_interval(seed: float, image: float, freedom: int, error: float) -> None:
    alone = half_width((Part(seed, freedom),), error)
    assert half_width((Part(seed, freedom), Part(image, 300)), error) >= alone * (1 - 1e-12)


def test_one_seed_says_that_seeds_are_not_covered() -> None:
    rng = np.random.default_rng(4)
    difference = paired_difference(*crossed(rng, 1, 4000, BALANCED))
    assert (difference.covers_seeds, difference.seeds, difference.images) == (False, 1, 4000)


def test_images_of_one_object_are_one_draw_each_alone_is_as_ever() -> None:
    rng = np.random.default_rng(11)
    ours, theirs = crossed(rng, 3, 200, BALANCED)
    alone = paired_difference(ours, theirs)
    assert paired_difference(ours, theirs, np.arange(200)) == alone
    assert object_part(np.linspace(-1, 1, 9), np.arange(9)) == image_part(np.linspace(-1, 1, 9))
    copies = paired_difference(ours.repeat(4, axis=1), theirs.repeat(4, axis=1), np.arange(200).repeat(4))
    assert copies.se == pytest.approx(alone.se, rel=1e-12)
    assert copies.images == 800
    assert (
        paired_difference(ours.repeat(4, axis=1), theirs.repeat(4, axis=1)).parts[1].variance
        < alone.parts[1].variance / 3
    )


def test_the_variance_over_objects_of_unequal_size_is_that_of_another_draw() -> None:
    rng = np.random.default_rng(12)
    found = []
    for _ in range(400):
        sizes = rng.integers(1, 6, 150)
        owner = np.arange(150).repeat(sizes)
        means = np.clip(0.1 + 0.4 * rng.normal(size=150)[owner] + 0.1 * rng.normal(size=len(owner)), -1, 1)
        found.append((means.mean(), object_part(means, owner).variance, image_part(means).variance))
    centres, objects, images = np.array(found).T
    assert objects.mean() == pytest.approx(centres.var(ddof=1), rel=0.25)
    assert images.mean() < 0.5 * centres.var(ddof=1)


def test_one_seed_and_many_images_is_students_paired_interval() -> None:
    ours, theirs = crossed(np.random.default_rng(5), 1, 4000, BALANCED)
    expected = stats.ttest_rel(ours[0].astype(float), theirs[0].astype(float)).confidence_interval(0.95)
    # The two images that are added change the variance by parts in a thousand here.
    assert paired_difference(ours, theirs).interval() == pytest.approx(tuple(expected), rel=2e-3)


def test_methods_that_agree_on_every_image_are_not_proven_equal() -> None:
    same = np.ones((2, 100), dtype=bool)
    low, high = paired_difference(same, same).interval()
    assert low < 0 < high < 0.03  # the rule of three: an event not seen in 100 images may still have 3 %


def test_a_difference_on_every_one_of_four_images_is_no_certainty() -> None:
    low, high = paired_difference(np.ones((1, 4), dtype=bool), np.zeros((1, 4), dtype=bool)).interval()
    assert high - low > 0.5


SEEDS_OF_SIX = st.lists(st.tuples(*[st.lists(st.booleans(), min_size=6, max_size=6)] * 2), min_size=1, max_size=3)


@settings(max_examples=50)
@given(SEEDS_OF_SIX)
def test_exchanging_two_methods_changes_the_sign_alone(pairs: list[tuple[list[bool], list[bool]]]) -> None:
    ours, theirs = (np.array(rows) for rows in zip(*pairs, strict=True))
    one, other = paired_difference(ours, theirs), paired_difference(theirs, ours)
    assert one.value == -other.value
    assert one.se == pytest.approx(other.se)
    assert one.p() == pytest.approx(other.p())


def test_outcomes_of_different_images_are_not_paired() -> None:
    with pytest.raises(ValueError, match=r"shapes \(2, 5\) and \(2, 6\)"):
        paired_difference(np.ones((2, 5)), np.ones((2, 6)))


def test_values_without_errors_are_students_paired_test() -> None:
    ours, theirs = (0.3, 0.5, 0.9), (0.2, 0.1, 0.4)
    expected = stats.ttest_rel(ours, theirs)
    found = paired_values(ours, theirs)
    assert found.p() == pytest.approx(expected.pvalue, rel=1e-6)
    assert found.interval() == pytest.approx(tuple(expected.confidence_interval(0.95)))


def test_errors_over_images_widen_the_interval_of_values() -> None:
    bare = paired_values((0.3, 0.5, 0.9), (0.2, 0.1, 0.4))
    told = paired_values((0.3, 0.5, 0.9), (0.2, 0.1, 0.4), (0.03, 0.03, 0.03), (0.04, 0.04, 0.04))
    assert told.se == pytest.approx(math.hypot(bare.se, 0.05))  # √(0.03² + 0.04²): it does not average out over seeds


def test_one_value_with_its_error_is_a_normal_interval() -> None:
    found = paired_values((0.5,), (0.2,), (0.03,), (0.04,))
    assert found.interval() == pytest.approx((0.3 - 1.959964 * 0.05, 0.3 + 1.959964 * 0.05))
    assert not found.covers_seeds


@pytest.mark.parametrize(("ours", "theirs"), [((3.0,), (2.0,)), ((3.0, 3.0), (2.0, 2.0))])
def test_values_that_tell_nothing_of_their_spread_exclude_nothing(
    ours: tuple[float, ...], theirs: tuple[float, ...]
) -> None:
    found = paired_values(ours, theirs)
    assert found.interval() == (-math.inf, math.inf)
    assert found.p() == 1.0


@given(st.floats(0.01, 3), st.floats(0.001, 1), st.floats(0.001, 1), st.integers(1, 6))
def test_the_interval_at_the_p_value_touches_zero(value: float, seed: float, image: float, freedom: int) -> None:
    found = Difference(value, (Part(seed, freedom), Part(image, 200)), freedom + 1)
    low, _ = found.interval(1 - found.p())
    assert low == pytest.approx(0, abs=1e-5 * value)


def test_holm_gives_the_adjusted_values_of_a_textbook_case() -> None:
    assert holm((0.01, 0.04, 0.03, 0.005)) == pytest.approx((0.03, 0.06, 0.06, 0.02))


@given(st.lists(SHARE, max_size=8))
def test_holm_lies_between_the_single_value_and_bonferroni(values: list[float]) -> None:
    for single, adjusted in zip(values, holm(values), strict=True):
        assert single <= adjusted <= min(1.0, len(values) * single)


def compare(merits: dict[str, float], spread: float):  # type: ignore[no-untyped-def]
    """Differences that are certain beyond `spread` and worthless within it."""
    return lambda a, b: Difference(
        merits[a] - merits[b], (Part(1e-6 if abs(merits[a] - merits[b]) > spread else 1.0, 4),), 5
    )


def test_methods_that_the_data_separate_have_ranks_of_their_own() -> None:
    merits = {"low": 0.1, "high": 0.9, "middle": 0.5}
    assert places(tuple(merits), compare(merits, 0)) == {
        "low": Places(3, 3), "high": Places(1, 1), "middle": Places(2, 2),
    }  # fmt: skip


def test_methods_that_the_data_do_not_separate_share_their_ranks() -> None:
    merits = {"a": 0.50, "b": 0.52, "c": 0.9}
    assert places(tuple(merits), compare(merits, 0.1)) == {"a": Places(2, 3), "b": Places(2, 3), "c": Places(1, 1)}


def test_a_method_between_two_others_may_tie_with_both() -> None:
    merits = {"a": 0.9, "b": 0.6, "c": 0.3}
    assert places(tuple(merits), compare(merits, 0.4)) == {"a": Places(1, 2), "b": Places(1, 3), "c": Places(2, 3)}


@pytest.mark.parametrize("difference", [None, Difference(0.9, (Part(1e-6, 300),), 1)], ids=["incomparable", "one seed"])
def test_what_cannot_be_compared_over_seeds_is_not_separated(difference: Difference | None) -> None:
    assert places(("a", "b"), lambda a, b: difference) == {"a": Places(1, 2), "b": Places(1, 2)}


def test_a_pair_that_cannot_be_compared_still_counts_in_the_correction() -> None:
    found = {("a", "b"): Difference(1.0, (Part(0.09, 4),), 5)}  # p = 0.029: enough for one test, not for three
    assert found["a", "b"].p() == pytest.approx(2 * stats.t.sf(1 / 0.3, 4), rel=1e-6)
    assert places(("a", "b"), lambda a, b: found.get((a, b)))["a"] == Places(1, 1)
    assert places(("a", "b", "c"), lambda a, b: found.get((a, b)))["a"] == Places(1, 3)


def test_equal_methods_are_separated_in_at_most_5_percent_of_tables() -> None:
    rng, tables, wrong = np.random.default_rng(6), 200, 0
    for _ in range(tables):
        seeds, images = rng.normal(0, 0.3, (4, 3, 1)), rng.normal(0, 1, (1, 1, 80))
        right = seeds + images + rng.normal(0, 1, (4, 3, 80)) > -0.5
        found = places(range(4), lambda a, b, right=right: paired_difference(right[a], right[b]))  # type: ignore[misc]
        wrong += any(place != Places(1, 4) for place in found.values())
    assert wrong / tables <= 0.05


def test_ranks_of_one_method_and_of_none() -> None:
    assert places(("a",), compare({}, 0)) == {"a": Places(1, 1)}
    assert places((), compare({}, 0)) == {}
