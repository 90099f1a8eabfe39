"""The published DeepAdversaries galaxies, read from their files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from astrobench import Dataset, Labelled, Observation, Unlabelled, cache_folder

from astrobench_galaxies.copies import fitted_once
from astrobench_galaxies.downloads import Deposit
from astrobench_galaxies.published import (
    ADDRESS,
    BANDS,
    CLASSES,
    IMAGE_BYTES,
    IMAGES,
    LABELS,
    ROWS,
    YEARS,
    Folder,
    Published,
)
from astrobench_galaxies.stretch import ArcsinhStretch
from astrobench_galaxies.survey import survey_named

if TYPE_CHECKING:
    from pathlib import Path

LICENCE = "as stated on https://doi.org/10.5281/zenodo.5514180"
CITATION = "Ćiprijanović et al. 2022, DeepAdversaries, arXiv:2112.14299; data 10.5281/zenodo.5514180"


def deepadversaries(
    *,
    folder: Path | None = None,
    attack_subset: bool = False,
    stretch: Literal["source_train", "per_array"] = "source_train",
) -> Dataset:
    """IllustrisTNG galaxies as LSST would see them after ten years (Y10) and after one (Y1), from the published files.

    folder holds the .npy files of Zenodo 10.5281/zenodo.5514180; without it they are fetched (15 GB, and half as much
    for float32 copies) into the cache, whose root ASTROBENCH_CACHE moves. attack_subset tests on the 150 images that
    the paper attacks. stretch: fitted on Y10 train, or on each array by itself as published, test arrays included.
    Labels may be one-hot or integer, images NCHW or NHWC, in any float; a valid or test split without files is cut
    from train, 70:10:20. Images are float32 (N, 3, H, W), g, r, i, mean sky subtracted, in e⁻ per survey year: the
    published counts over the years of exposure, so that one stretch suits both domains. Row i of Y10 and of Y1 is one
    galaxy, hence one id; the target's training images are the source's own galaxies, as published.

    Know before you trust a number (counts recomputed from the catalogue):

    1. 224 galaxies whose morphology fit failed (Gini = M20 = -99) are labelled spiral: 14,088 of 14,312 are genuine.

    2. Mergers were copied five-fold by flips and rotations before the random split, so copies of one merger are in
    train, valid and test: scores on mergers are too good.

    3. Most galaxies at z = 0 have their progenitor at z = 0.05 in the set, on any side of the split, and the files
    carry no merger-tree ids to group them by.

    4. The paper says 35,000 images; the files hold 33,557: 14,312 spirals, 8,151 ellipticals, 11,094 mergers (not a
    multiple of five, reason unknown), split 23,487 / 3,355 / 6,715.

    5. Exposure and sky (WeakLensingDeblending's LSST, of pixels of 0.2 arcsec) are the paper's model, not header
    values. Images were resized to 100×100 from an unstated size by an unknown kernel, so their pixel scale is unknown
    (None); no noiseless scene is published.

    Raises DataError, naming the file and the remedy, for files that are missing, cut short, no arrays, of unequal
    length or shape, with NaN pixels, or with labels outside the three classes.

    Source: Ćiprijanović et al. 2022, arXiv:2112.14299, §2; labels after Lotz et al. 2008 on Rodriguez-Gomez et al.
    2019; files 10.5281/zenodo.5514180.
    """
    tests = "150" if attack_subset else "test"
    parts = (_fetched(tests) if folder is None else _dropped(folder, tests)).parts()
    shared = fitted_once(ArcsinhStretch, parts["Y10", "train"].images)

    def labelled(domain: str, split: str) -> Labelled:
        part = parts[domain, split]
        scale = shared if stretch == "source_train" else fitted_once(ArcsinhStretch, part.images)
        return Labelled(part.images, part.ids, scale, _observation(domain), labels=part.labels)

    target = labelled("Y1", "train")
    return Dataset(
        train=labelled("Y10", "train"),
        valid=labelled("Y10", "valid"),
        target=Unlabelled(target.images, target.ids, target.stretch, target.observation),
        tests={domain: labelled(domain, tests) for domain in YEARS},
        unit="e-/yr",
        pixel_scale=None,
        bands=BANDS,
        classes=CLASSES,
        licence=LICENCE,
        citation=CITATION,
        synthetic=False,
        oracle=lambda: target,
    )


def _dropped(folder: Path, tests: str) -> Published:
    return Published(Folder(folder).find, folder, tests)


def _fetched(tests: str) -> Published:
    about = f"licence {LICENCE}; cite {CITATION}; float32 copies take half as much again"
    deposit = Deposit(ADDRESS, cache_folder("deepadversaries", "published"), about)
    images = [("Y10", "train"), ("Y10", "valid"), ("Y10", tests), ("Y1", "train"), ("Y1", tests)]
    wanted = {IMAGES[key]: ROWS[key[1]] * IMAGE_BYTES for key in images}
    deposit.announce(wanted | {LABELS[split]: ROWS[split] * 24 for split in ("train", "valid", tests)})
    return Published(deposit.find, deposit.folder, tests)


def _observation(domain: str) -> Observation:
    return Observation(YEARS[domain], survey_named("descwl").sky(YEARS[domain]), gain=YEARS[domain])
