"""Images whose height is not their width: each shipped plugin and setting takes them, or refuses before training."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from astrobench.conformance import skies, tiny
from astrobench.conformance.perturbations import images_of
from astrobench.conformance.sampling import sampled
from astrobench.conformance.seeding import seeded
from astrobench.engine import Options, Sweep
from astrobench.errors import AstrobenchError, DataError
from astrobench.plan import make_plan
from astrobench.registry import Registry
from astrobench.seeds import Streams
from astrobench.store import Store
from astrobench.suite import check_suite
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

INSTALLED = Registry.load()
HEIGHT, WIDTH = 20, 28
LARGER = ((3, 40, 56), (1, 56, 40))
TIMM = ("resnet10t", "convnext_atto", "vit_tiny_patch16_224", "swin_tiny_patch4_window7_224", "mobilenetv3_small_050")
NETWORKS = sorted({*INSTALLED.names("architectures")} - {"timm:"} | {f"timm:{name}" for name in TIMM})
METHODS = sorted({*INSTALLED.names("methods")} - {"sum:"} | {"sum:augment+mmd"})
SQUARE_ONLY = {"cmd_o3": "cmd_o3 cannot take images of {} x {} pixels: it needs 8, 16, 32, … a side"}
SHORT = {name: {"population": 8, "generations": 2} for name in ("one_pixel", "few_pixel")}
QUIRKS = ("no_gradient_reset", "random_batches", "cumulative_patience")


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("shape", LARGER)
def test_a_network_takes_oblong_images_or_refuses_them(name: str, shape: tuple[int, int, int]) -> None:
    plugin = INSTALLED.get("architectures", name)
    if name in SQUARE_ONLY:
        with pytest.raises(DataError, match=f"^{SQUARE_ONLY[name].format(*shape[1:])}$"):
            plugin.resolve()(shape, 3, **plugin.complete({}))
        return
    network = plugin.resolve()(shape, 3, **plugin.complete({})).eval()
    with torch.inference_mode():
        latent, logits = network(torch.rand(2, *shape))
    assert latent.ndim == 2
    assert logits.shape == (2, 3)
    assert logits.isfinite().all()


@pytest.mark.parametrize("name", METHODS)
def test_a_method_trains_on_oblong_images(name: str) -> None:
    if name == "skada":
        pytest.importorskip("skada")
    plugin, whole = INSTALLED.get("methods", name), tiny.dataset()
    oblong = replace(
        whole, train=_narrow(whole.train), valid=_narrow(whole.valid), target=_narrow(whole.target),
        tests={domain: _narrow(part) for domain, part in whole.tests.items()}, oracle=lambda: _narrow(whole.oracle()),
    )  # fmt: skip
    params = plugin.complete(sampled(plugin.signature.parameters))
    weights = tiny.weights_of(plugin, params, plugin.resolve()(8, 3, **params).wanted_layers, oblong)
    assert all(value.isfinite().all() for value in weights.values())


def _narrow(part: Any) -> Any:
    return replace(part, images=np.ascontiguousarray(part.images[..., :9]))


@pytest.mark.parametrize("name", INSTALLED.names("perturbations"))
@pytest.mark.parametrize("wide", [True, False])
def test_a_perturbation_takes_oblong_images_of_either_orientation(name: str, wide: bool) -> None:
    plugin = INSTALLED.get("perturbations", name)
    params = plugin.complete({**sampled(plugin.signature.parameters), **SHORT.get(name, {})})
    cut = np.s_[..., :9, :] if wide else np.s_[..., :9]
    with seeded(0):
        model = skies.TinyNetwork().eval()
        given = skies.batch(model)
        assert given.observation is not None
        assert given.observation.scene is not None
        seen = replace(given.observation, scene=given.observation.scene[cut])
        oblong = replace(given, flux=given.flux[cut], inputs=given.inputs[cut].contiguous(), observation=seen)
        changed = plugin.resolve()(oblong, model, Streams("oblong"), **params)
    images, rows = images_of(changed), len(given.ids) if changed.rows is None else len(changed.rows)
    assert images.shape == (rows, *oblong.flux.shape[1:])
    assert np.isfinite(images).all()
    for axis, name in ((2, "row"), (3, "col")):
        if name in changed.facts and len(changed.facts[name]):
            assert np.max(changed.facts[name]) < oblong.flux.shape[axis]


@pytest.fixture
def survey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twelve objects of two classes in two domains, 20 rows of 28 pixels."""
    monkeypatch.setenv("ASTROBENCH_CACHE", str(tmp_path / "cache"))
    rng, lines = np.random.default_rng(2), ["path,label,domain,id"]
    for number in range(24):
        label, domain = number // 2 % 2, ("near", "far")[number % 2]
        picture = rng.integers(90 * label, 90 * label + 90, (HEIGHT, WIDTH, 3), dtype=np.uint8)
        Image.fromarray(picture).save(tmp_path / f"{number}.png")
        lines.append(f"{number}.png,{'ab'[label]},{domain},g{number // 2}")
    (tmp_path / "sky.csv").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def run(home: Path, size: int = 0, **training: Any) -> list[str]:
    """Run a suite of the survey in this process and return the statuses of its cells."""
    params = {"catalogue": str(home / "sky.csv"), "source": "near", "target": "far", "size": size}
    dataset = {"plugin": "image_folder", "label": "mine", "params": params}
    axes = {"dataset": [dataset], "domain": ["near", "far"], "architecture": ["convnet"], "method": ["source_only"]}
    told = {"name": "oblong", "version": 1, "title": "Oblong", "metrics": ["classification"]}
    suite = {**told, "axes": {**axes, "seed": [0]}, "training": {"epochs": 1, "batch_size": 4, **training}}
    plan = make_plan(check_suite(suite, "oblong"), INSTALLED, "", "cpu")
    rows = Sweep(plan, Store(home / "results"), Options(in_process=True)).run()
    return [row.status + row.reason for row in rows]


SETTINGS = [
    {"augment": ["flips"]}, {"precision": "bf16"}, {"batchnorm": "running"}, *({"quirks": [name]} for name in QUIRKS),
]  # fmt: skip


@pytest.mark.parametrize("training", SETTINGS, ids=str)
def test_a_setting_of_training_takes_oblong_images(survey: Path, training: dict[str, Any]) -> None:
    assert run(survey, **training) == ["ok", "ok"]


def test_rotations_of_oblong_images_are_refused_before_training(survey: Path) -> None:
    sentence = r"^dataset 'mine': rotations want square images, these are 20 x 28; give a size, or take flips alone$"
    with pytest.raises(AstrobenchError, match=sentence):
        run(survey, augment=["flips", "rotations"])
    assert not list((survey / "results").glob("trainings/**/*.json"))
    assert run(survey, size=12, augment=["flips", "rotations"]) == ["ok", "ok"]


def test_a_dataset_that_another_suite_opened_is_refused_too(survey: Path) -> None:
    assert run(survey) == ["ok", "ok"]
    with pytest.raises(AstrobenchError, match="rotations want square images"):
        run(survey, augment=["rotations"])
    with pytest.raises(AstrobenchError, match=r"has 8 train images, fewer than training\.batch_size = 64; lower it"):
        run(survey, batch_size=64)
