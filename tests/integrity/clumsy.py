"""A laboratory of honest beginners: plugins that change what they are given, each in its own way."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from astrobench.engine import Options, Sweep
from astrobench.plan import make_plan
from astrobench.registry import Registry
from astrobench.store import Store
from astrobench.suite import check_suite, merged

if TYPE_CHECKING:
    from pathlib import Path

HONEST = [
    "none",
    {"plugin": "gain", "label": "gain", "params": {"error": 0.1}},
    {"plugin": "exposure", "label": "exposure", "params": {"years": 0.5}},
    {"plugin": "fgsm", "label": "fgsm", "params": {"epsilon": 0.1, "images": 4}},
]
SUITE: dict[str, Any] = {
    "name": "clumsy",
    "version": 1,
    "title": "Clumsy",
    "axes": {
        "dataset": ["blobs"],
        "domain": ["A", "B"],
        "architecture": ["convnet"],
        "method": ["source_only"],
        "perturbation": HONEST,
        "seed": [0],
    },
    "metrics": ["classification"],
    "training": {"epochs": 1, "batch_size": 8},
    "predict": {"cka_images": 8, "cka_batch": 4},
}


def sweep(root: Path, *, in_process: bool = True, **over: Any) -> Sweep:
    suite = check_suite(merged(deepcopy(SUITE), over), "clumsy")
    return Sweep(make_plan(suite, Registry.load(), "", "cpu"), Store(root), Options(in_process=in_process))


CLUMSY = {
    "clumsy_lab.": '''
        """Plugins that change what they are given."""
        import ast
        from pathlib import Path
        import astrobench

        def named(module):
            tree = ast.parse((Path(__file__).parent / f"{module}.py").read_text())
            found = [n.name for n in tree.body if isinstance(n, ast.FunctionDef) and n.name[0] != "_"]
            return {name: f"clumsy_lab.{module}:{name}" for name in found}

        @astrobench.hookimpl
        def astrobench_datasets():
            return named("skies")

        @astrobench.hookimpl
        def astrobench_architectures():
            return named("networks")

        @astrobench.hookimpl
        def astrobench_methods():
            return named("methods")

        @astrobench.hookimpl
        def astrobench_perturbations():
            return named("perturbations")

        @astrobench.hookimpl
        def astrobench_metrics():
            return named("metrics")
    ''',
    "clumsy_lab.skies": '''
        """Datasets in memory that can be written to."""
        from dataclasses import dataclass
        import numpy as np
        from astrobench import Dataset, Labelled, Observation, Unlabelled

        @dataclass
        class _Stretch:
            scale: float = 4.0

            def __call__(self, flux):
                return (flux / self.scale).astype(np.float32)

        def _in_place(flux):
            flux /= 4
            return flux

        def blobs(*, in_place: bool = False) -> Dataset:
            """Noise with light in one of three bands. in_place: a stretch that changes the flux."""
            stretch, rng = _in_place if in_place else _Stretch(), np.random.default_rng(3)

            def part(name, n, light):
                labels = np.arange(n) % 3
                flux = rng.standard_normal((n, 3, 16, 16)).astype(np.float32)
                flux[np.arange(n), labels] += light
                ids = np.array([f"{name}-{i}" for i in range(n)])
                seen = Observation(1.0, (1.0, 1.0, 1.0), flux.copy(), gain=1.0)
                return Labelled(flux, ids, stretch, seen, labels=labels.astype(np.int64))

            target = part("target", 24, 0.5)
            return Dataset(
                train=part("train", 48, 0.8), valid=part("valid", 24, 0.8),
                target=Unlabelled(target.images, target.ids, stretch),
                tests={"A": part("a", 30, 0.8), "B": part("b", 30, 0.5)},
                unit="adu", pixel_scale=1.0, bands=("g", "r", "i"),
                classes=("x", "y", "z"), licence="", citation="", synthetic=True,
            )
    ''',
    "clumsy_lab.networks": '''
        """Networks."""
        import torch
        from astrobench import Output

        class _Net(torch.nn.Module):
            layers = ("body",)

            def __init__(self, shape, outputs, in_place):
                super().__init__()
                torch.manual_seed(0)  # both start from the same weights
                self.in_place = in_place
                self.body = torch.nn.Linear(shape[0] * shape[1] * shape[2], 8)
                self.head = torch.nn.Linear(8, outputs)

            def forward(self, images):
                images = images.mul_(0.5) if self.in_place else images * 0.5
                latent = self.body(images.flatten(1)).relu()
                return Output(latent, self.head(latent))

        def halves(shape: tuple[int, int, int], outputs: int) -> _Net:
            """A network that works on a copy of its input."""
            return _Net(shape, outputs, False)

        def halves_in_place(shape: tuple[int, int, int], outputs: int) -> _Net:
            """A network that changes its input."""
            return _Net(shape, outputs, True)
    ''',
    "clumsy_lab.methods": '''
        """Methods."""
        import numpy as np
        import torch
        from astrobench import Method

        class _Plain(Method):
            uses_target = False

            def shown(self, images, labels, model):
                if not getattr(self, "hooked", False):
                    self.hooked = True
                    model.register_forward_hook(self.noisy)
                images.mul_(0.9)
                return images

            def noisy(self, module, given, output):
                return output if module.training else type(output)(output.latent, output.logits.roll(1, 1))

        def leaves_a_hook(features: int, outputs: int) -> _Plain:
            """A method that changes its batch and leaves a hook on the network it trained."""
            return _Plain()
    ''',
    "clumsy_lab.perturbations": '''
        """Perturbations that change what they are given."""
        import copy
        import random
        import warnings
        import numpy as np
        import torch
        from astrobench import Perturbed

        def flux(batch, model, rng):
            """Dim the images in place: an honest beginner's bug."""
            flux = batch.flux
            flux *= 0.6
            return Perturbed(flux=flux)

        def flux_by_torch(batch, model, rng):
            """Dim the images through a tensor on their memory."""
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                torch.from_numpy(batch.flux).mul_(0.6)
            return Perturbed(flux=batch.flux)

        def inputs(batch, model, rng):
            """Dim the inputs in place."""
            return Perturbed(inputs=batch.inputs.mul_(0.6))

        def labels(batch, model, rng):
            """Sort the labels, where there are some."""
            (batch.ids if batch.labels is None else batch.labels)[:] = 0
            return Perturbed(flux=batch.flux)

        def ids(batch, model, rng):
            """Shuffle the ids."""
            np.random.default_rng(0).shuffle(batch.ids)
            return Perturbed(flux=batch.flux)

        def scene(batch, model, rng):
            """Take the light away."""
            batch.observation.scene.fill(0)
            return Perturbed(flux=batch.flux)

        def scene_by_torch(batch, model, rng):
            """Take the light away through a tensor."""
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                torch.from_numpy(batch.observation.scene).zero_()
            return Perturbed(flux=batch.flux)

        def stretch(batch, model, rng):
            """Change the stretch."""
            batch.stretch.scale = 1.0
            return Perturbed(flux=batch.flux)

        def weights(batch, model, rng):
            """Damage a weight where no version counts it."""
            next(model.parameters()).data.mul_(0.5)
            return Perturbed(flux=batch.flux)

        def weights_by_numpy(batch, model, rng):
            """Damage a weight through its memory, and fail."""
            next(model.parameters()).detach().numpy()[:] = 0
            raise RuntimeError("too late")

        def training_mode(batch, model, rng):
            """Leave the network in training mode."""
            model.train()
            return Perturbed(flux=batch.flux)

        def batch_norm(batch, model, rng):
            """Let batch norm see other images."""
            model.train()
            with torch.no_grad():
                model(batch.inputs * 5)
            model.eval()
            return Perturbed(flux=batch.flux)

        def hook(batch, model, rng):
            """Leave a hook on the network."""
            model.register_forward_hook(lambda module, given, output: type(output)(output.latent, -output.logits))
            return Perturbed(flux=batch.flux)

        def forward(batch, model, rng):
            """Give the network another forward."""
            honest = model.forward
            model.forward = lambda images: honest(images * 0)
            return Perturbed(flux=batch.flux)

        def layer(batch, model, rng):
            """Give the network another layer."""
            name, last = list(model.named_children())[-1]
            setattr(model, name, copy.deepcopy(last))
            return Perturbed(flux=batch.flux)

        def gradients(batch, model, rng):
            """Leave gradients behind, and weights that want none."""
            model(batch.inputs[:2]).logits.sum().backward()
            for weight in model.parameters():
                weight.requires_grad_(False)
            return Perturbed(flux=batch.flux)

        def process(batch, model, rng):
            """Change dtypes, threads, gradients, floating-point errors and streams of the whole process."""
            torch.set_default_dtype(torch.float64)
            torch.set_num_threads(2)
            torch.set_grad_enabled(False)
            np.seterr(all="raise")
            torch.manual_seed(7), np.random.seed(7), random.seed(7)
            return Perturbed(flux=batch.flux)

        def undisciplined(batch, model, rng):
            """Draw from global streams."""
            noise = torch.randn(batch.flux.shape).numpy() + np.random.randn(*batch.flux.shape) + random.random()
            return Perturbed(flux=batch.flux + noise.astype(np.float32))
    ''',
    "clumsy_lab.metrics": '''
        """Metrics that change what they are given."""
        import warnings
        import numpy as np
        from astrobench import Score

        def logits(clean, perturbed):
            """Normalise logits in place."""
            logits = perturbed.logits
            logits -= logits.max(1, keepdims=True)
            return {"largest": Score(float(logits.max()))}

        def truth(clean, perturbed):
            """Sort the labels."""
            perturbed.labels.sort()
            return {"first": Score(float(perturbed.labels[0]))}

        def facts(clean, perturbed):
            """Add a fact."""
            perturbed.facts["success"] = np.ones(len(perturbed.ids), bool)
            return {"facts": Score(1.0)}

        def by_torch(clean, perturbed):
            """Zero the logits through a tensor on their memory."""
            import torch
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                torch.from_numpy(perturbed.logits).zero_()
                torch.from_numpy(clean.latent).zero_()
            return {"zero": Score(0.0)}

        def process(clean, perturbed):
            """Change how floating-point errors are told, and the global stream."""
            np.seterr(all="raise")
            np.random.seed(3)
            return {"calm": Score(1.0)}

        def patches(clean, perturbed):
            """Patch the metric beside it and what both compute with."""
            import astrobench_scores.classification as other
            for name, value in list(vars(other).items()):
                if callable(value) and not isinstance(value, type):
                    setattr(other, name, lambda *given, **more: 1 / 0)
            np.mean = np.argmax = np.bincount = None
            return {"patched": Score(1.0)}

        def sums(clean, perturbed):
            """Sum what it is given: another number where somebody changed it."""
            arrays = {"logits": perturbed.logits, "labels": perturbed.labels, "latent": clean.latent}
            scores = {f"sum_{name}": Score(float(array.sum())) for name, array in arrays.items()}
            return scores | {"sum_facts": Score(float(len(perturbed.facts))), "first": Score(float(np.random.rand()))}

        def clashes(clean, perturbed):
            """Give two scores of another metric, and one of its own."""
            return {name: Score(0.99) for name in ("accuracy", "ece", "its_own")}

        def dies(clean, perturbed):
            """Die of a signal."""
            import os
            os.kill(os.getpid(), 9)

        def floods(clean, perturbed, *, scores: int = 20_000, letters: int = 1):
            """Give thousands of scores."""
            return {f"{'x' * letters}{n}": Score(0.123456789, note="x" * letters) for n in range(scores)}

        def nonsense(clean, perturbed, *, kind: str):
            """Return what is no score."""
            if kind == "exits":
                raise SystemExit(3)
            if kind == "surrogate":
                raise ValueError("no file \\udcff\x1b[31m")
            return {
                "nothing": None, "list": [Score(1.0)], "number": {"a": 1.0}, "text": {"a": Score("0.5")},
                "bool": {"a": Score(True)}, "way": {"a": Score(0.5, better="up")}, "name": {3: Score(0.5)},
                "long": {"a" * 300: Score(0.5)}, "note": {"a": Score(0.5, note="n" * 10_000)},
                "interval": {"a": Score(0.5, interval=(0.1, 0.2, 0.3))}, "count": {"a": Score(0.5, n=-3)},
                "huge": {"a": Score(10 ** 400)},
            }[kind]

        def numpy_s(clean, perturbed):
            """Return scores in NumPy's own numbers."""
            half = np.float32(0.5)
            return {"half": Score(half, se=half, n=np.int64(3), interval=(half, half), note="a\x1bb")}

        def params(clean, perturbed, *, names: list[str] = ["a"]):
            """Use up its own parameter."""
            return {f"left-{len(names)}": Score(float(names.pop() == "a"))}
    ''',
}
