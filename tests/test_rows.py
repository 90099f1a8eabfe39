"""Which row of a test set an image is: labels, pairs and what a perturbation returns go by it, never by an id."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from astrobench import Dataset, Labelled, Perturbed, Unlabelled
from astrobench.conformance.skies import stretch
from astrobench.engine import Options, Sweep
from astrobench.errors import DataError, PluginError
from astrobench.plan import make_plan
from astrobench.records import unpack_bits
from astrobench.registry import Plugin, Registry
from astrobench.stages.prepare import text_array, truth_arrays
from astrobench.stages.returned import check_facts
from astrobench.stages.score import stored_prediction
from astrobench.stages.validate import _judged
from astrobench.store import Store
from astrobench.suite import check_suite
from astrobench_alignment.source_only import source_only
from astrobench_networks.convnet import convnet
from astrobench_perturbations.one_pixel import one_pixel
from astrobench_scores.attack import attack
from astrobench_scores.classification import classification
from astrobench_scores.latent_distance import latent_distance

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from astrobench.records import Row

GALAXIES = 12
SCORED = {"classification": classification, "latent_distance": latent_distance, "attack": attack}


def views() -> Dataset:
    """Draw two images of each of 12 galaxies in each domain: faint ones and bright ones."""

    def part(prefix: str, seed: int, light: float) -> Labelled:
        galaxy = np.tile(np.arange(GALAXIES), 2)
        flux = np.random.default_rng(seed).normal(size=(2 * GALAXIES, 3, 16, 16)).astype(np.float32) * 20
        flux += (light * (galaxy % 2))[:, None, None, None]
        ids = np.array([f"{prefix}{number}" for number in galaxy])
        return Labelled(flux, ids, stretch, labels=(galaxy % 2).astype(np.int64))

    shown = part("b", 2, 40)
    return Dataset(
        train=part("a", 0, 60), valid=part("v", 1, 60), target=Unlabelled(shown.images, shown.ids, stretch),
        tests={"near": part("t", 3, 60), "far": part("t", 4, 40)}, unit="e-", pixel_scale=0.2, bands=("g", "r", "i"),
        classes=("faint", "bright"), licence="CC0-1.0", citation="nobody", synthetic=True,
    )  # fmt: skip


def none(batch: Any, model: Any, rng: Any) -> Perturbed:
    """Return the images as they are."""
    return Perturbed(inputs=batch.inputs)


def returning(**made: Any) -> Callable[..., Perturbed]:
    """Return a perturbation that returns some rows and facts, with images to match where that is possible."""

    def perturbation(batch: Any, model: Any, rng: Any) -> Perturbed:
        rows = made.get("rows")
        flux = batch.flux if rows is None else np.resize(batch.flux, (len(rows), *batch.flux.shape[1:]))
        return Perturbed(**{"flux": flux, **made})

    return perturbation


def some(batch: Any, model: Any, rng: Any) -> Perturbed:
    """Return four fainter images, in an order of their own: both of galaxy 1 and one each of 2 and 3."""
    rows = np.array([13, 2, 1, 15])
    return Perturbed(flux=batch.flux[rows] / 2, rows=rows)


def swept(root: Path, patch: pytest.MonkeyPatch, perturbations: dict[str, Any], **dataset: Any) -> tuple[Row, ...]:
    """Run a sweep of shipped plugins on the views, in this process, and return its rows."""
    named: dict[str, dict[str, Any]] = {
        "datasets": {"views": views}, "architectures": {"convnet": convnet}, "methods": {"source_only": source_only},
        "perturbations": {"none": none, **perturbations}, "metrics": SCORED,
    }  # fmt: skip
    known = Registry.of_plugins(
        [Plugin(kind, name, one, "toy", "1", "toy") for kind, some in named.items() for name, one in some.items()]
    )
    patch.setattr(Registry, "load", classmethod(lambda cls, **only: known))
    attacks = {"one_pixel": {"images": 3, "generations": 3, "population": 4}}
    axis = [{"plugin": name, "label": name, "params": attacks.get(name, {})} for name in ("none", *perturbations)]
    body = {
        "name": "toy", "version": 1, "title": "Toy", "metrics": list(SCORED), "predict": {"cka_images": 0},
        "axes": {
            "dataset": ["views"], "domain": ["near", "far"], "architecture": ["convnet"], "method": ["source_only"],
            "perturbation": axis, "seed": [0],
        },
        "training": {"epochs": 2, "batch_size": 8},
    }  # fmt: skip
    return Sweep(make_plan(check_suite(body, "toy"), known, "", "cpu"), Store(root), Options(in_process=True)).run()


def test_two_images_of_an_object_are_scored_and_paired_row_by_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {(row.domain, row.perturbation): row for row in swept(tmp_path, monkeypatch, {"some": some})}
    assert {row.status: row.reason for row in rows.values()} == {"ok": ""}
    store, truth = Store(tmp_path), views().tests
    arrays = {
        place: store.get(store.read("cells", row.cell)["result"]["prediction"])  # type: ignore[index]
        for place, row in rows.items()
    }
    for (domain, perturbation), row in rows.items():
        found = arrays[domain, perturbation]
        assert found["rows"].tolist() == ([13, 2, 1, 15] if perturbation == "some" else list(range(24)))
        right = found["logits"].argmax(1) == truth[domain].labels[found["rows"]]
        assert (row.scores["accuracy"].value, row.scores["accuracy"].n) == (right.mean(), len(right))
        assert (row.images, row.correct_n, unpack_bits(row.correct, row.correct_n).sum()) == (
            24,
            len(right),
            right.sum(),
        )
    clean, faint = arrays["far", "none"]["latent"], arrays["far", "some"]
    moved = np.linalg.norm(faint["latent"].astype(float) - clean[faint["rows"]].astype(float), axis=1)
    measured = rows["far", "some"].scores["distance_mean"]
    assert (measured.value, measured.n) == (pytest.approx(moved.mean(), rel=1e-12), 4)
    between = rows["far", "none"].scores["distance_mean"]
    assert np.isnan(between.value)
    assert between.note == "no image is in every prediction; 12 ids that name several images in one domain left out"


def test_outcomes_name_their_images_and_where_objects_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {(row.domain, row.perturbation): row for row in swept(tmp_path, monkeypatch, {"some": some})}
    whole, part = rows["far", "none"], rows["far", "some"]
    assert unpack_bits(whole.objects, 24).tolist() == [True, False] * 12
    assert unpack_bits(part.objects, 4).tolist() == [True, False, True, True]
    assert whole.correct_of == rows["near", "none"].correct_of  # of the same ids in the same rows
    assert whole.correct_of != part.correct_of


BAD = {
    "one image again and again": ({"rows": np.zeros(24, np.int64)}, "row 0 24 times"),
    "below": ({"rows": np.array([-1, 3])}, "row -1 of 24 images"),
    "beyond": ({"rows": np.array([0, 10**6])}, "row 1000000 of 24 images"),
    "fractions": ({"rows": np.array([0.0, 1.0])}, r"rows as float64 \(2,\), expected int64 \(M,\)"),
    "two axes": ({"rows": np.array([[0, 1]])}, r"rows as int64 \(1, 2\)"),
    "a mask": ({"rows": np.ones(24, bool)}, r"rows as bool \(24,\).*np\.flatnonzero"),
    "a list": ({"rows": [0, 1]}, "rows as list"),
    "a name that is no name": ({"facts": {"a/b\n": np.zeros(24)}}, "a fact named 'a/b"),
    "no name": ({"facts": {"": np.zeros(24)}}, "a fact named '', expected a letter"),
    "a number for a name": ({"facts": {3: np.zeros(24)}}, "a fact named 3"),
    "half a letter": ({"facts": {"\ud800": np.zeros(24)}}, "a fact named '.ud800'"),
    "a long name": ({"facts": {"n" * 65: np.zeros(24)}}, "a fact named 'nnn"),
    "text": ({"facts": {"n": np.array(["a"] * 24)}}, "fact 'n' as an array of <U1"),
    "objects": ({"facts": {"n": np.array([None] * 24)}}, "fact 'n' as an array of object"),
    "complex": ({"facts": {"n": np.zeros(24, complex)}}, "fact 'n' as an array of complex128"),
    "short": ({"facts": {"n": np.zeros(23)}}, r"fact 'n' of shape \(23,\), expected 24 rows"),
    "one number": ({"facts": {"n": np.float32(1)}}, "fact 'n' as float32, expected an array"),
    "infinite": ({"facts": {"n": np.full(24, np.inf)}}, "fact 'n' with NaN or infinity"),
    "no mapping": ({"facts": [1]}, "facts as list, expected a mapping"),
    "images of text": ({"flux": np.full((24, 3, 16, 16), "a")}, "flux of <U1, expected float32"),
    "a list of images": ({"flux": [1, 2]}, "flux as list, expected ndarray"),
    "images that are not finite": ({"flux": np.full((24, 3, 16, 16), np.nan)}, "NaN or infinite pixels"),
    "images beyond float32": ({"flux": np.full((24, 3, 16, 16), 1e300)}, "NaN or infinite pixels"),
    "an array as inputs": ({"flux": None, "inputs": np.zeros((24, 3, 16, 16))}, "inputs as ndarray, expected Tensor"),
}


def test_what_a_perturbation_must_not_return_names_it_and_costs_its_own_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugins = {f"bad_{number}": returning(**made) for number, (made, _) in enumerate(BAD.values())}
    rows = {(row.domain, row.perturbation): row for row in swept(tmp_path, monkeypatch, {"some": some, **plugins})}
    assert (rows["near", "some"].status, rows["near", "none"].status) == ("ok", "ok")
    for (what, (_, told)), name in zip(BAD.items(), plugins, strict=True):
        row = rows["near", name]
        assert (what, row.status) == (what, "plugin_error")
        assert re.match(rf"perturbation '{name}' returned .*{told}", row.reason), row.reason


def test_more_facts_than_a_file_should_hold_are_refused() -> None:
    with pytest.raises(PluginError, match="mine returned 65 facts, allowed are 64"):
        check_facts({f"n{number}": np.zeros(2) for number in range(65)}, 2, "mine")


def test_n_stands_beside_a_number_that_rests_on_some_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from astrobench.leaderboard.building import tabulate
    from astrobench.leaderboard.rendering import texts

    rows = swept(tmp_path, monkeypatch, {"some": some, "one_pixel": one_pixel})
    columns = [
        {"title": name, "score": score, "domain": "near", "perturbation": name, "percent": True}
        for name, score in (("none", "accuracy"), ("some", "accuracy"), ("one_pixel", "attack_success"))
    ]
    files = texts(tabulate({"columns": columns}, {"": rows}))
    line = next(line for line in files["README.md"].splitlines() if line.startswith("| convnet"))
    whole, four, attacked = line.split(" | ")[3:6]
    assert "n =" not in whole
    assert "(n = 4, 1 seed)" in four
    assert "(n = 3, 1 seed)" in attacked
    assert "- **n**: how many images a number rests on" in files["README.md"]
    names, fields = (line.split(",") for line in files["table.csv"].splitlines())
    told = dict(zip(names, fields, strict=True))
    assert [told[f"{name} images"] for name in ("none", "some", "one_pixel")] == ["24", "4", "3"]


@pytest.fixture
def stored(tmp_path: Path) -> Callable[..., Any]:
    """Return a maker of stored predictions of eight images of four ids, whose labels are the rows' own."""
    store = Store(tmp_path)
    ids, labels = np.array(list("abcdabcd")), np.arange(8) % 8
    part = Labelled(np.zeros((8, 1, 2, 2), np.float32), ids, stretch, labels=labels)
    truth = store.put(truth_arrays(part), "truth")
    about = {"truth": {"far": truth}, "classes": list("01234567"), "task": "classification", "ranges": []}
    store.write("datasets", "d" * 64, about, {})

    def made(rows: list[int], names: np.ndarray | None = None) -> Any:
        kept = np.array(rows, np.int64)
        arrays = {
            "ids": text_array(ids[np.abs(kept) % 8] if names is None else names), "rows": kept,
            "latent": np.zeros((len(rows), 2), np.float32), "logits": np.zeros((len(rows), 8), np.float32),
        }  # fmt: skip
        key = "c" * 64
        store.write("cells", key, {"prediction": store.put(arrays), "layers": []}, {})
        return stored_prediction(store, {}, key, "far", "d" * 64)

    return made


def test_labels_go_by_row_and_never_by_id(stored: Callable[..., Any]) -> None:
    found = stored([6, 0, 4, 3])
    assert (found.labels.tolist(), found.ids.tolist()) == ([6, 0, 4, 3], list("caad"))
    assert (found.rows.tolist(), found.test_set, found.test_size) == ([6, 0, 4, 3], f"{'d' * 64}/far", 8)


@pytest.mark.parametrize(
    ("rows", "names", "told"),
    [
        ([0, 0, 1], None, "rows that are not rows of its 8 images, each once"),
        ([0, 8], None, "rows that are not rows of its 8 images, each once"),
        ([-1, 1], None, "rows that are not rows of its 8 images, each once"),
        ([0, 1], np.array(["b", "a"]), "stood in another order when they were predicted"),
    ],
)
def test_rows_that_are_not_those_of_the_truth_are_refused(
    stored: Callable[..., Any], rows: list[int], names: np.ndarray | None, told: str
) -> None:
    with pytest.raises(DataError, match=told):
        stored(rows, names)


def test_kept_epochs_are_judged_row_by_row(tmp_path: Path) -> None:
    store, ids = Store(tmp_path), np.array(list("abab"))
    part = Labelled(np.zeros((4, 1, 2, 2), np.float32), ids, stretch, labels=np.array([0, 1, 1, 0]))
    truth = {"far": store.put(truth_arrays(part), "truth")}
    rows = np.array([0, 2, 3])

    def judged(names: np.ndarray) -> dict[str, Any]:
        images = store.put({"test far/ids": text_array(names), "test far/rows": rows})
        logits = store.put({"test far/logits": np.eye(2, dtype=np.float32)[[0, 1, 1]]})
        return _judged(store, {"images": images, "told": [logits]}, truth)

    assert judged(ids[rows]) == {"accuracy": {"far": [2 / 3]}, "n": {"far": 3}}
    assert judged(ids[[1, 0, 1]]) == {"accuracy": {}, "n": {}}  # opened in another order
