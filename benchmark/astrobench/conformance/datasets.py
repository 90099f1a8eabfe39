"""A dataset: flux images with units, ids that pair domains and part splits, and a pure stretch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from astrobench.conformance.rules import Case, SkippedError, expect
from astrobench.stages.datasets import check_dataset
from astrobench.types import Dataset, Labelled, Unlabelled

if TYPE_CHECKING:
    from collections.abc import Iterator

SOME = 8
"""Images of each split on which the stretch is tried."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A dataset as its parameters give it."""

    case: Case

    @cached_property
    def dataset(self) -> Dataset:
        """The dataset, opened once."""
        found: Dataset = self.case.call()
        return found

    def parts(self) -> Iterator[tuple[str, Unlabelled]]:
        """Yield every split with its name."""
        yield from (("train", self.dataset.train), ("valid", self.dataset.valid), ("target", self.dataset.target))
        yield from ((f"test {domain}", part) for domain, part in self.dataset.tests.items())


def it_is_a_dataset(subject: Subject) -> str:
    """It returns an astrobench.Dataset."""
    found = subject.dataset
    expect(isinstance(found, Dataset), f"it returns {type(found).__name__}, expected astrobench.Dataset")
    return ", ".join(f"{name} {len(part.images)}" for name, part in subject.parts())


def its_images_and_labels_are_sound(subject: Subject) -> None:
    """Images are finite float32 (N, C, H, W) of one shape; labels (the source's at least) int64 in range; 2 classes."""
    check_dataset(subject.dataset, subject.case.plugin.name, tuple(subject.dataset.tests), batch_size=2)


def it_says_what_it_holds(subject: Subject) -> str:
    """Unit, bands, classes, licence and citation are given and agree with the images; a pixel scale is one or None."""
    found = subject.dataset
    for name in ("unit", "licence", "citation"):
        expect(bool(getattr(found, name).strip()), f"{name} is empty")
    channels = found.train.images.shape[1]
    expect(len(found.bands) == channels, f"bands are {found.bands} for {channels} channels")
    scale = found.pixel_scale
    sound = scale is None or 0 < scale < math.inf
    expect(sound, f"pixel_scale is {scale}, expected arcsec above 0, or None where it is unknown")
    expect(len(set(found.classes)) == len(found.classes) > 0, f"classes are {found.classes}")
    told = "pixel scale unknown" if scale is None else f"{scale:g} arcsec"
    return f"{found.unit}, {', '.join(found.bands)}, {told}, {found.licence}"


def its_target_has_no_labels(subject: Subject) -> None:
    """The target training set is Unlabelled, so that no method can see a label."""
    target = subject.dataset.target
    expect(not isinstance(target, Labelled) and not hasattr(target, "labels"), "the target training set carries labels")


def its_ids_name_objects(subject: Subject) -> str:
    """Ids are text, one an image; one that stands twice in a split names several images of one object."""
    several = []
    for name, part in subject.parts():
        expect(part.ids.dtype.kind == "U", f"{name} ids are {part.ids.dtype}, expected text")
        values, counts = np.unique(part.ids, return_counts=True)
        expect(
            len(values) > 1 or len(part.ids) == 1, f"{name} has one id only, {str(values[0])!r}, for {counts[0]} images"
        )
        several += [f"{int((counts > 1).sum())} of {name}"] if (counts > 1).any() else []
    return f"ids of several images, which make no pairs: {', '.join(several)}" if several else "one an image"


def no_object_is_trained_on_and_tested(subject: Subject) -> None:
    """Train, valid and test share no id, nor does the unlabelled target with a test.

    A domain without labels is not tested on, so its images may be adapted to and predicted.
    """
    parts = dict(subject.parts())
    tests = [f"test {domain}" for domain, part in subject.dataset.tests.items() if isinstance(part, Labelled)]
    pairs = [("train", "valid"), *((name, test) for name in ("train", "valid", "target") for test in tests)]
    for first, second in pairs:
        shared = np.intersect1d(parts[first].ids, parts[second].ids)
        expect(not len(shared), f"{first} and {second} share {len(shared)} ids, such as {shared[:1]!s}")


def paired_objects_have_one_label(subject: Subject) -> str:
    """The same id in two test domains has the same label, where both are known."""
    tests = {name: part for name, part in subject.dataset.tests.items() if isinstance(part, Labelled)}
    if len(tests) < 2:
        raise SkippedError("it has one test domain with labels")
    shares = []
    for (first, one), (second, other) in combinations(tests.items(), 2):
        shared, rows, others = np.intersect1d(one.ids, other.ids, return_indices=True)
        differ = one.labels[rows] != other.labels[others]
        known = ~(np.isnan(one.labels[rows]) | np.isnan(other.labels[others]))
        expect(not (differ & known).any(), f"an object of both {first} and {second} has two labels")
        shares.append(f"{first} and {second} share {len(shared)} of {len(one.ids)}")
    return "; ".join(shares)


def its_stretch_is_pure(subject: Subject) -> None:
    """It gives finite float32 of the same shape, the same for an image alone, and changes nothing in place."""
    for name, part in subject.parts():
        flux = np.array(part.images[:SOME])
        kept = flux.copy()
        found = part.stretch(flux)
        expect(np.array_equal(flux, kept), f"the stretch of {name} changes its argument")
        expect(
            found.shape == flux.shape and found.dtype == np.float32,
            f"the stretch of {name} gives {found.dtype} {found.shape}",
        )
        expect(bool(np.isfinite(found).all()), f"the stretch of {name} gives NaN or infinity")
        alone = part.stretch(flux[:1])  # to rounding: the last bit may depend on how many numbers there are
        expect(np.allclose(alone, found[:1], rtol=1e-5, atol=0), f"the stretch of {name} depends on the other images")


def it_opens_the_same_twice(subject: Subject) -> None:
    """Opened again, ids, labels and images are the same."""
    again: Dataset = subject.case.call()
    for name in ("train", "valid", "target"):
        one, other = getattr(subject.dataset, name), getattr(again, name)
        expect(np.array_equal(one.ids, other.ids), f"{name} has other ids when it is opened again")
        expect(
            np.array_equal(one.images[:SOME], other.images[:SOME]), f"{name} has other images when it is opened again"
        )
    expect(np.array_equal(subject.dataset.train.labels, again.train.labels), "train has other labels when opened again")


def its_oracle_labels_the_target(subject: Subject) -> None:
    """The oracle opens the target training set itself, with labels."""
    if subject.dataset.oracle is None:
        raise SkippedError("it has no oracle")
    found, target = subject.dataset.oracle(), subject.dataset.target
    expect(isinstance(found, Labelled), f"the oracle returns {type(found).__name__}, expected astrobench.Labelled")
    expect(np.array_equal(found.ids, target.ids), "the oracle shows other objects than the target training set")


RULES = (
    it_is_a_dataset,
    its_images_and_labels_are_sound,
    it_says_what_it_holds,
    its_target_has_no_labels,
    its_ids_name_objects,
    no_object_is_trained_on_and_tested,
    paired_objects_have_one_label,
    its_stretch_is_pure,
    it_opens_the_same_twice,
    its_oracle_labels_the_target,
)
