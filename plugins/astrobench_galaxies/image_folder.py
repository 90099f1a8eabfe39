"""A group's own cut-outs, from a CSV beside PNG, JPEG, FITS or NPY files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from astrobench import DataError, Dataset, Labelled, Unlabelled

from astrobench_galaxies.catalogue import check_domains, check_files, read_catalogue
from astrobench_galaxies.contradictions import check_agreement, check_listed_once
from astrobench_galaxies.copies import fitted_once
from astrobench_galaxies.decoding import Shape, decoded, digests, sides
from astrobench_galaxies.image_files import Reading
from astrobench_galaxies.left_out import left_out, unlabelled_notes
from astrobench_galaxies.membership import UNLABELLED, check_labelled, cuts, named
from astrobench_galaxies.stretch import ArcsinhStretch, LinearStretch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np

    from astrobench_galaxies.membership import Cut

STRETCHES = {"linear": LinearStretch, "asinh": ArcsinhStretch}


def image_folder(
    *,
    catalogue: Path,
    source: str,
    target: str,
    tests: tuple[str, ...] = (),
    classes: tuple[str, ...] = (),
    bands: tuple[str, ...] = ("red", "green", "blue"),
    size: int = 100,
    axes: Literal["auto", "chw", "hwc"] = "auto",
    extensions: tuple[str, ...] = (),
    pixel_scale: Annotated[float, "(0, inf)"] | None = None,
    stretch: Literal["linear", "asinh"] = "linear",
    seed: int = 0,
) -> Dataset:
    """Your own cut-outs: a CSV of path,label,domain[,split][,id] beside PNG, JPEG, FITS or NPY files.

    catalogue: the CSV; paths are relative to it. source, target: domains to train on with and without labels; both
    are tested on, and so are the domains in tests, which are never trained on. classes: the order of the labels
    (default: sorted); a label is a name, or a number counted from 0.

    Rows of the target, and of tests, may leave the label empty. A domain without any label is not tested: all of its
    images are predicted, those that are adapted to among them. Where fewer objects of the target have a label than
    have none, all that have one are tested on and the others are adapted to; else the labelled ones are split and the
    others are adapted to. An object that the source validates or tests is not adapted to.

    Without a split column (train, valid, test) each id is given one, 70:10:20, evenly over domains and classes; an
    id is on one side only, in every domain, and without an id column identical files share one. An id may stand in
    several rows of a domain, one an image of that object: each is scored by its own row, and between domains only an id
    of one image in each makes a pair. A domain that is only tested on gives every image whose id is not trained on.
    Target rows marked valid are not used.

    bands: one name a plane. One plane is repeated to as many, several are averaged to one. Images are cut to their
    central square and resized to size pixels by an antialiasing kernel; 0 keeps the files' size, which must then
    agree. pixel_scale: arcsec a pixel of the files, where it is known; a resize changes it with the size, so that
    squares of several sizes that are resized have none in common, and are refused. stretch: linear suits 8-bit
    pictures, asinh suits flux; both are fitted on the source's training images only.

    axes: order of an image of three axes, bands first ("chw") or last ("hwc"); "auto" takes the end that is shorter
    than both other axes, and refuses what may be read in two ways. extensions: names or numbers of the FITS extensions
    to read, one a band, or the one that holds all bands. By default it is a file's only image, or those extensions
    that are named as the bands; other files of several images are refused.

    Pixel values are the files' own, float32 (N, C, size, size), and so is their unit, which nobody states: a picture's
    bits are not flux, so a perturbation that acts on flux (exposure, sky) means nothing physical here. Decoded once
    into the cache, by content. What float32 cannot hold (whole numbers beyond 2**24), CMYK and transparent pixels are
    refused.

    Raises DataError, naming the row and the remedy, for a CSV or an image that cannot be used, for an image or an
    object of two labels, a file that a domain lists twice, for one class only, for fewer than three objects of a class
    in the source, and for a pixel scale that images would not share.
    """
    listed, asked = read_catalogue(catalogue), (source, target, *tests)
    check_domains(listed, asked)
    rows = [row for row in listed if row.domain in asked]
    check_labelled(rows, source)
    if size < 0 or not bands:
        raise DataError(f"size {size} and bands {bands}: want a size of 0 or more and at least one band")
    check_files(rows, catalogue)
    contents = dict(zip((row.where for row in rows), digests(rows), strict=True))
    names, members = named(rows, classes, contents)
    check_agreement(members, names, contents)
    parts = cuts(members, names, source, target, tests, seed)
    check_listed_once(members)
    shape = Shape(Reading(bands, axes, extensions), size)
    on_sky = _resized(pixel_scale, parts, contents, shape)
    images = _decoded(parts, contents, shape)
    scale = fitted_once(STRETCHES[stretch], images[source, "train"])
    labelled = {key: Labelled(images[key], cut.ids, scale, labels=cut.labels) for key, cut in parts.items()}
    goal = labelled[target, "train"]
    return Dataset(
        train=labelled[source, "train"],
        valid=labelled[source, "valid"],
        target=Unlabelled(goal.images, goal.ids, scale),
        tests={domain: _test_set(labelled[domain, "test"]) for domain in (source, target, *tests)},
        unit="as in the files",
        pixel_scale=on_sky,
        bands=bands,
        classes=names,
        licence="not stated: that of the catalogue's images",
        citation=f"not stated: catalogue {catalogue.name}",
        synthetic=False,
        oracle=(lambda: goal) if (goal.labels >= 0).all() else None,
        notes=(*unlabelled_notes(parts, target), *left_out(listed, parts.values(), source, target, asked)),
    )


def _test_set(part: Labelled) -> Labelled | Unlabelled:
    """Return images with their labels, or without where nobody knows one."""
    return part if (part.labels != UNLABELLED).all() else Unlabelled(part.images, part.ids, part.stretch)


def _resized(
    pixel_scale: float | None, parts: Mapping[tuple[str, str], Cut], contents: Mapping[str, str], shape: Shape
) -> float | None:
    """Return how many arcsec a pixel is once the central squares are resized. Raises DataError where images differ."""
    if pixel_scale is None or not shape.size:
        return pixel_scale
    found = {
        int(side): row
        for cut in parts.values()
        for side, row in zip(
            sides(cut.rows, [contents[row.where] for row in cut.rows], shape.reading), cut.rows, strict=True
        )
    }
    if len(found) > 1:
        told = ", ".join(f"{side} ({found[side].where})" for side in (min(found), max(found)))
        raise DataError(
            f"pixel_scale is {pixel_scale:g} arcsec in the files, and squares of several sides, {told}, become"
            f" {shape.size} pixels: no scale would hold for all; bring images of one size, or leave pixel_scale out"
        )
    return pixel_scale * (next(iter(found)) / shape.size)


def _decoded(
    parts: Mapping[tuple[str, str], Cut], contents: Mapping[str, str], shape: Shape
) -> dict[tuple[str, str], np.ndarray]:
    """Decode each part into an array of its own, so that a part is a map and never a copy."""
    images = {key: decoded(cut.rows, [contents[row.where] for row in cut.rows], shape) for key, cut in parts.items()}
    shapes = {array.shape[1:]: " ".join(key) for key, array in images.items()}
    if len(shapes) > 1:
        told = ", ".join(f"{width}x{height} pixels in {part}" for (_, height, width), part in shapes.items())
        raise DataError(f"images differ in shape: {told}; give a size to resize all to")
    return images
