"""Rows of one object stay together, however it is known; the published splits are those of the papers."""

from __future__ import annotations

import numpy as np
import torch
from astrobench_galaxies.deepmerge_splits import COPIES, MERGERS, ROWS, as_published, grouped, groups_of

LABELS = np.repeat([1, 0], [MERGERS * COPIES, ROWS - MERGERS * COPIES])
NONE = np.empty((ROWS, 0, 0, 0))


def test_the_copies_and_views_of_a_merger_are_one_group() -> None:
    groups = groups_of(LABELS, NONE, None)
    for block in range(COPIES):
        np.testing.assert_array_equal(groups[block * MERGERS : (block + 1) * MERGERS], groups[:MERGERS])
    assert len(set(groups[:MERGERS])) == 406  # subhalos that merge, galaxies.md §2.1
    assert not set(groups[:8120]) & set(groups[8120:])


def test_a_grouped_split_is_70_10_20_and_breaks_no_group() -> None:
    groups = groups_of(LABELS, NONE, None)
    rows = grouped(LABELS, groups, seed=3)
    np.testing.assert_array_equal(np.sort(np.concatenate(rows)), np.arange(ROWS))
    np.testing.assert_allclose([len(part) / ROWS for part in rows], [0.7, 0.1, 0.2], atol=0.005)
    sides = [set(groups[part]) for part in rows]
    assert len(set.union(*sides)) == sum(map(len, sides))
    assert [len(part) for part in grouped(LABELS, groups, seed=4)] == [len(part) for part in rows]
    assert not np.array_equal(grouped(LABELS, groups, seed=4).test, rows.test)


def test_object_numbers_come_first() -> None:
    groups = groups_of(np.array([1, 0, 1]), np.empty((3, 0, 0, 0)), np.array([7, 8, 7]))
    assert groups[0] == groups[2] != groups[1]


def test_other_layouts_are_grouped_by_their_pixels() -> None:
    one, other = np.random.default_rng(0).normal(0, 1, (2, 1, 5, 5))
    images = np.stack([one, other, one[:, ::-1], np.rot90(one, 1, (1, 2)), other[..., ::-1]])
    groups = groups_of(np.array([1, 1, 1, 1, 1]), images, None)
    assert groups[0] == groups[2] == groups[3]
    assert groups[1] == groups[4] != groups[0]


def test_the_first_papers_split_has_its_published_size_and_classes() -> None:
    source, target = as_published("published_dm1", ROWS, ROWS)
    assert [len(part) for part in source] == [10_799, 1_542, 3_085]
    assert np.bincount(LABELS[source.test]).tolist() == [1425, 1227 + 433]  # galaxies.md §2.3
    np.testing.assert_array_equal(source.test, target.test)


def test_the_first_papers_split_leaks_as_computed() -> None:
    """98.6 % by subhalo; by copies alone, of the mergers, nearly all."""
    rows, groups = as_published("published_dm1", ROWS)[0], groups_of(LABELS, NONE, None)
    mergers = rows.test[LABELS[rows.test] == 1]
    assert np.isin(groups[mergers], groups[rows.train]).mean() > 0.98


def test_the_second_papers_split_goes_on_from_source_to_target() -> None:
    source, target = as_published("published_dm2", ROWS, ROWS)
    assert [len(part) for part in source] == [10_798, 1_542, 3_085]
    torch.manual_seed(3)
    first, second = torch.randperm(ROWS).numpy(), torch.randperm(ROWS).numpy()
    np.testing.assert_array_equal(source.train, first[:10_798])
    np.testing.assert_array_equal(target.train, second[:10_798])
    twins = np.isin(target.test, source.train).mean()
    assert 0.66 < twins < 0.74  # pristine twins of noisy test images in training
