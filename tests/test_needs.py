"""What a perturbation needs of a dataset: declared in its source, and checked before anything is trained."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from astrobench import DataError, needs
from astrobench.catalogue import catalogue
from astrobench.engine import Options, Sweep
from astrobench.errors import PluginError
from astrobench.needs import FACTS, Needs
from astrobench.plan import make_plan
from astrobench.registry import Registry
from astrobench.signatures import read_signature
from astrobench.store import Store
from astrobench.suite import read_suite
from distributions import write_modules
from own_survey import survey
from rich.console import Console

if TYPE_CHECKING:
    from pathlib import Path

REGISTRY = Registry.load()
BLUR = '''
import astrobench

@astrobench.severity("width", "arcsec")
@astrobench.needs("observation", width="[pixel_scale, inf)")
def blur(batch, model, rng, *, width: float = 1.0):
    """Blur."""
'''
KNOWN = {"observation": True, "scene": True, "pixel_scale": 0.2, "classes": True, "side": 12, "longest_exposure": None}


@needs("observation", width="[pixel_scale, inf)")
def blur(batch: Any, model: Any, rng: Any, *, width: float = 1.0) -> None:
    """Blur."""


def test_needs_read_alike_from_source_and_from_a_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_modules(tmp_path, {"needs_read.": "raise RuntimeError('imported')\n" + BLUR})
    monkeypatch.syspath_prepend(tmp_path)
    declared = Needs(("observation",), {"width": "[pixel_scale, inf)"})
    assert read_signature("needs_read:blur").needs == read_signature(blur).needs == declared


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"observation"', "WHAT", r"'blur' is decorated with .*needs\(WHAT, .*, expected literals"),
        ('"observation"', '"observations"', "'blur' needs 'observations', which no dataset tells; did you mean 'obs"),
        ("pixel_scale", "pixelscale", r"needs width in '\[pixelscale, inf\)', expected an interval"),
    ],
)
def test_needs_that_mean_nothing_are_a_fault(
    old: str, new: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = f"needs_{abs(hash(new))}"
    write_modules(tmp_path, {f"{module}.": BLUR.replace(old, new)})
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PluginError, match=sentence):
        read_signature(f"{module}:blur")


@pytest.mark.parametrize(
    ("name", "params", "changed", "lacking"),
    [
        ("exposure", {"years": 2.0}, {"observation": False}, "does not say how its images were observed"),
        (
            "exposure",
            {"years": 9.0},
            {"longest_exposure": 5.0},
            "years = 9 is not in (0, longest_exposure] with longest_e",
        ),
        ("exposure", {"years": 9.0}, {}, ""),
        ("psf", {"fwhm": 1.0}, {"pixel_scale": None}, "does not say how many arcsec a pixel has"),
        ("psf", {"fwhm": 0.1}, {}, "fwhm = 0.1 is not in [pixel_scale, inf) with pixel_scale = 0.2 arcsec"),
        ("pixel_scale", {"arcsec": 0.1}, {}, "arcsec = 0.1 is not in [pixel_scale, inf)"),
        ("pixel_scale", {"arcsec": 0.4}, {"scene": False}, "has no noiseless scene"),
        ("registration", {"pixels": 12.0}, {}, "pixels = 12 is not in [0, side) with side = 12 pixels"),
        ("registration", {"pixels": 11.0}, {}, ""),
        ("fgsm", {"epsilon": 0.1}, {"classes": False}, "has no classes, being a regression"),
    ],
)
def test_what_a_shipped_perturbation_needs(
    name: str, params: dict[str, float], changed: dict[str, Any], lacking: str
) -> None:
    told = REGISTRY.get("perturbations", name).signature.needs.unmet(params, {**KNOWN, **changed})
    assert lacking in told
    assert bool(lacking) == bool(told)


def sweep(tmp_path: Path, perturbations: list[Any]) -> Sweep:
    suite = read_suite(survey(tmp_path), None, {"axes": {"perturbation": ["none", *perturbations]}})
    return Sweep(make_plan(suite, REGISTRY, "", "cpu", tmp_path), Store(tmp_path / "r"), Options(in_process=True))


def test_a_run_is_refused_before_training_naming_perturbation_dataset_and_what_it_lacks(tmp_path: Path) -> None:
    gain = {"plugin": "gain", "label": "gain", "params": {"error": 0.1}}
    run = sweep(tmp_path, [{"plugin": "exposure", "label": "faint", "params": {"years": 2.0}}, gain, "one_pixel"])
    with pytest.raises(DataError) as caught:
        run.run()
    assert str(caught.value) == (
        "perturbation 'faint' cannot be applied to domain 'near' of dataset 'mine': it does not say how its images were"
        " observed (years, sky and gain); the same holds for 'gain'; leave out, or exclude, what cannot be applied"
    )
    assert [path.name for path in (tmp_path / "r").iterdir() if path.name in ("trainings", "checkpoints")] == []


def test_what_is_excluded_is_not_refused(tmp_path: Path) -> None:
    body = {"axes": {"perturbation": ["none", {"plugin": "exposure", "label": "faint", "params": {"years": 2.0}}]}}
    suite = read_suite(survey(tmp_path), None, {**body, "exclude": [{"dataset": "mine", "perturbation": "faint"}]})
    run = Sweep(make_plan(suite, REGISTRY, "", "cpu", tmp_path), Store(tmp_path / "r"), Options(in_process=True))
    run.prepare()
    assert run.stock.prepared(next(iter(run.plan.jobs.values())))


def test_list_tells_what_a_perturbation_needs() -> None:
    console = Console(file=io.StringIO(), width=100)
    console.print(catalogue(REGISTRY, name="satellite_trail"))
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert "needs of a dataset: observation, pixel_scale, fwhm in [pixel_scale, inf)" in told


def test_every_fact_is_one_that_a_shipped_perturbation_needs() -> None:
    declared = [REGISTRY.get("perturbations", name).signature.needs for name in REGISTRY.names("perturbations")]
    assert {fact for one in declared for fact in one.facts} == set(FACTS)
