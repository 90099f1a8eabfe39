"""The published DeepMerge galaxies, read from their files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from astrobench import DataError, Dataset, Labelled, Unlabelled, cache_folder

from astrobench_galaxies.deepmerge_files import ADDRESS, BANDS, CLASSES, Folder, Images, names_of
from astrobench_galaxies.deepmerge_splits import Rows, as_published, grouped, groups_of
from astrobench_galaxies.downloads import Deposit
from astrobench_galaxies.zscore import ZScoreStretch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LICENCE = "as stated on https://doi.org/10.5281/zenodo.4507941 and https://doi.org/10.17909/t9-vqk6-pc80"
CITATION = (
    "Ćiprijanović et al. 2020, DeepMerge, arXiv:2004.11981; 2021, DeepMerge II, arXiv:2103.01373; data "
    "10.5281/zenodo.4507941 and 10.17909/t9-vqk6-pc80"
)
DOMAINS = {"sim_sim": ("pristine", "noisy"), "sim_real": ("illustris", "sdss")}
SIZES = {"sim_sim": 15_426, "sim_real": 6_000}
SDSS_BANDS = ("g", "r", "i")

# Mean and deviation of each channel as stored in DeepMerge II's code.
PUBLISHED = {
    "pristine": ZScoreStretch((0.0375126, 0.03326255, 0.06786563), (1.30893517, 1.02839041, 1.12307501)),
    "noisy": ZScoreStretch((0.03749673, 0.03331003, 0.06772753), (1.37418461, 1.16330922, 1.19831419)),
    "illustris": ZScoreStretch((0.60699224, 0.63178635, 0.56252038), (1.8455255, 1.84083951, 1.4652102)),
    "sdss": ZScoreStretch((25.81263733, 21.12583733, 14.25884247), (35.08432007, 29.94885445, 19.8165493)),
}


class Part(NamedTuple):
    """One set of a domain. images: float32 (N, C, H, W), mapped. labels: int64 (N,). ids, objects: str (N,)."""

    images: np.ndarray
    labels: np.ndarray
    ids: np.ndarray
    objects: np.ndarray


def deepmerge(
    *,
    folder: Path | None = None,
    experiment: Literal["sim_sim", "sim_real"] = "sim_sim",
    split: Literal["grouped", "published_dm1", "published_dm2"] = "grouped",
    stretch: Literal["source_train", "per_domain", "published"] = "source_train",
    reverse: bool = False,
    seed: int = 0,
) -> Dataset:
    """Merging and quiet galaxies of Illustris as HST sees them, pristine and noisy, or Illustris and SDSS (sim_real).

    folder holds the .npy files of Zenodo 10.5281/zenodo.4507941 (DeepMerge II), or those of DeepMerge I (SB00 and SB25,
    two or three filters), or MAST's FITS or .npy (10.17909/t9-vqk6-pc80); names in any case. Without it DeepMerge II's
    are fetched (4.2 GB for sim_sim, 1.6 GB for sim_real) into the cache, whose root ASTROBENCH_CACHE moves. Images are
    float32 (N, C, 75, 75), classes non_merger 0 and merger 1. The target's training images show the source's own
    galaxies in sim_sim, as published.

    split: "grouped" keeps every copy of an object on one side, and shares the split between pristine and noisy, so that
    no flip, camera or noisy twin of a training galaxy is tested; seed is its own. "published_dm1" and "published_dm2"
    are the papers' random splits over images, which leak. stretch: z-score of each channel, fitted on the source
    training set; on all images of each domain, test included ("per_domain"); or with the numbers stored in the papers'
    code ("published", three channels). reverse: train on noisy (or sdss), adapt to the other.

    Know before you trust a number:

    1. Mergers stand five times in the files (flips and turns), and objects in four views; the published split puts
    98.6 % of test images beside a training image of the same object, and the pristine twins of about 70 % of the
    noisy test images into training.

    2. The files name no objects. Rows are grouped by their place in DeepMerge I's layout: mergers exactly, and their
    views by fours, as the genuine sample suggests; non-mergers by forty neighbouring rows, which parts the views
    of one object at the seams only, if views are neighbours. subsamples_ID.npy (one object a row) is used where
    present. Bootstrap intervals draw these groups, not images; paired gains do not know them, so theirs are narrow.

    3. The second of three channels is called F356W but is fainter than F160W: think of channels by index.

    4. In sim_real the domains' units differ (deviation 1.8 and 35); z-score per domain hides it, "source_train" does
    not.

    5. The published noisy set has Gaussian sky noise and no source noise.

    6. The files do not say how many arcsec a pixel is, and images of several cameras and of simulations were brought to
    75×75: the pixel scale is unknown (None).

    Raises DataError, naming the file and the remedy, for files that are missing, cut short, no arrays, of unequal
    length or shape, with NaN pixels, or with labels other than 0 and 1.

    Source: Ćiprijanović et al. 2020, arXiv:2004.11981; 2021, arXiv:2103.01373.
    """
    domains = DOMAINS[experiment][::-1] if reverse else DOMAINS[experiment]
    where = Folder(_fetched(domains, SIZES[experiment]) if folder is None else folder)
    files = [where.domain(name) for name in domains]
    _check_shapes(files)
    paired = experiment == "sim_sim"
    groups = _groups(files, domains, split, paired)
    source, target = _rows(files, groups, split, seed, paired)
    stems = ("illustris", "illustris") if paired else domains
    parts = {
        which: _part(file, stem, own, getattr(rows, which.split("_")[0]))
        for file, stem, own, rows, sets in (
            (files[0], stems[0], groups[0], source, ("train", "valid", "test_source")),
            (files[1], stems[1], groups[1], target, ("train_target", "test_target")),
        )
        for which in sets
    }
    scales = _stretches(files, domains, parts, stretch)

    def labelled(which: str, domain: str) -> Labelled:
        part = parts[which]
        return Labelled(part.images, part.ids, scales[domain], labels=part.labels, objects=part.objects)

    unlabelled = parts["train_target"]
    channels = parts["train"].images.shape[1]
    return Dataset(
        train=labelled("train", domains[0]),
        valid=labelled("valid", domains[0]),
        target=Unlabelled(unlabelled.images, unlabelled.ids, scales[domains[1]], objects=unlabelled.objects),
        tests={domains[0]: labelled("test_source", domains[0]), domains[1]: labelled("test_target", domains[1])},
        unit="nJy" if paired else "as in the files",
        pixel_scale=None,
        bands=BANDS[channels] if paired else SDSS_BANDS[:channels],
        classes=CLASSES,
        licence=LICENCE,
        citation=CITATION,
        synthetic=False,
        oracle=lambda: labelled("train_target", domains[1]),
    )


def _fetched(domains: Sequence[str], images: int) -> Path:
    deposit = Deposit(ADDRESS, cache_folder("deepmerge", "published"), f"licence {LICENCE}; cite {CITATION}")
    names = names_of(domains)
    deposit.announce({(name,): images * 8 * (3 * 75 * 75 if "_X_" in name else 1) for name in names})
    for name in names:
        if deposit.find((name, name.replace("_X_", "_x_"))) is None:
            raise DataError(f"{ADDRESS} has no {name}; fetch it by hand and give folder")
    return deposit.folder


def _check_shapes(files: Sequence[Images]) -> None:
    first, second = (file.open().shape[1:] for file in files)
    if first != second:
        raise DataError(
            f"{files[1].path} has images of {second}, {files[0].path.name} of {first}; fetch both files again"
        )


def _groups(files: Sequence[Images], domains: Sequence[str], split: str, paired: bool) -> list[np.ndarray]:
    """Return what each row of each file shows. Raises DataError where a grouped split could not hold twins together."""
    if not paired or not np.array_equal(files[0].labels, files[1].labels):
        if paired and split == "grouped":
            raise DataError(
                f"{files[1].path} and {files[0].path.name} do not show the same galaxies row by row, their labels"
                " differ; a grouped split would leak: take split = published_dm2"
            )
        return [groups_of(file.labels, file.open(), file.identities) for file in files]
    pristine = files[domains.index("pristine")]  # noise of its own hides that two images are copies
    return [groups_of(pristine.labels, pristine.open(), pristine.identities)] * 2


def _rows(files: Sequence[Images], groups: Sequence[np.ndarray], split: str, seed: int, paired: bool) -> list[Rows]:
    if split != "grouped":
        return as_published(split, *(len(file.labels) for file in files))  # type: ignore[arg-type]
    found = [grouped(file.labels, own, seed) for file, own in zip(files, groups, strict=True)]
    return [found[0], found[0]] if paired else found


def _part(file: Images, stem: str, groups: np.ndarray, rows: np.ndarray) -> Part:
    ids = np.array([f"{stem}-{row:05d}" for row in rows])
    return Part(file.copied(rows), file.labels[rows], ids, groups[rows])


def _stretches(
    files: Sequence[Images], domains: Sequence[str], parts: dict[str, Part], kind: str
) -> dict[str, ZScoreStretch]:
    """Return the stretch of each domain. Raises DataError for published numbers on two channels."""
    if kind == "source_train":
        return dict.fromkeys(domains, ZScoreStretch.fit(parts["train"].images))
    if kind == "per_domain":
        return {domain: ZScoreStretch.fit(file.open()) for domain, file in zip(domains, files, strict=True)}
    if parts["train"].images.shape[1] != len(SDSS_BANDS):
        raise DataError(f"{files[0].path} has two channels, stretch published has three; take source_train")
    return {domain: PUBLISHED[domain] for domain in domains}
