"""Half precision ends with the network: what a method makes of its outputs is float32, gradients included.

Latents of one class lie close together. Their distances are small differences of large numbers, of which eight bits
keep nothing.
"""

from __future__ import annotations

import copy
import importlib.util
from typing import TYPE_CHECKING, Any

import pytest
import torch
from astrobench import Method
from astrobench.adaptation import Step
from astrobench.conformance.seeding import steadily
from astrobench.registry import Registry
from astrobench.suite import Training
from astrobench.training import Checkpoint, Material, train
from astrobench.types import Output
from astrobench_networks.convnet import convnet
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astrobench import Moment

INSTALLED = Registry.load(("astrobench",))
MEMBERS = {"sum:": "sum:coral+fisher+entropy"}
METHODS = [MEMBERS.get(name, name) for name in INSTALLED.names("methods")]
PARAMS: dict[str, dict[str, Any]] = {
    **{name: {"hidden": 32, "dropout": 0.0} for name in METHODS if "dann" in name or name == "cdan"},
    **{name: {"warmup": 0.0} for name in METHODS if "cka" in name},
    "sidda": {"warmup": 0.0},
    "augment": {"noise": 0.0},
}
N, FEATURES, CLASSES = 24, 256, 3
SPREAD = 0.02
"""Standard deviation of each latent feature within a class, beside distances of about 1 between classes."""


class Given(nn.Module):
    """Latents and logits that are the network's weights, a row an image, so that their gradients are those of the loss.

    It has nothing that bfloat16 could round.
    """

    layers = ("first", "second", "latent")

    def __init__(self) -> None:
        super().__init__()
        stream = torch.Generator().manual_seed(0)
        classes = torch.arange(N).repeat(2) % CLASSES
        centres = 3 + torch.randn(CLASSES, FEATURES, generator=stream)
        latents = centres[classes] + SPREAD * torch.randn(2 * N, FEATURES, generator=stream)
        latents[N:] += SPREAD * torch.randn(FEATURES, generator=stream)
        self.latents = nn.Parameter(latents)
        self.logits = nn.Parameter(torch.randn(2 * N, CLASSES, generator=stream))
        self.first, self.second, self.latent = nn.Identity(), nn.Identity(), nn.Identity()
        self.norm = nn.BatchNorm1d(FEATURES)  # for a method that needs one

    def forward(self, images: torch.Tensor) -> Output:
        rows = images[:, 0, 0, 0].round().long()
        nothing = 0 * images.sum()  # but a way for gradients to the images
        latent = self.latent(self.latents[rows] + nothing)
        self.first(latent.tanh()), self.second(latent.square()), self.norm(latent.detach())
        return Output(latent, self.logits[rows] + nothing)


def built(name: str, features: int = FEATURES) -> Method:
    """Return an installed method."""
    if name == "skada" and importlib.util.find_spec("skada") is None:
        pytest.skip("skada is not installed")
    plugin = INSTALLED.get("methods", name)
    torch.manual_seed(3)
    method: Method = plugin.resolve()(features, CLASSES, **plugin.complete(PARAMS.get(name, {})))
    return method


def rules(precision: str, **more: Any) -> Training:
    settings = {
        "epochs": 2,
        "batch_size": N,
        "optimizer": "sgd",
        "learning_rate": 1e-30,
        "schedule": "constant",
        **more,
    }
    return Training(precision=precision, **settings)


def gradients(name: str, precision: str) -> dict[str, torch.Tensor]:
    """Return the gradients of a method's second step, its own weights' among them: at half of the budget."""
    model, method = Given(), built(name)
    method.wanted_layers = model.layers if method.wanted_layers else ()
    images, labels = torch.arange(2.0 * N)[:, None, None, None].expand(-1, 1, 4, 4), torch.arange(N) % CLASSES
    material = Material(
        images[:N], labels, images[:N], labels, images[N:], CLASSES, torch.arange(N) if method.paired else None
    )
    with steadily():
        train(model, method, material, rules(precision), "toy", Checkpoint())
    named = {**dict(model.named_parameters()), **dict(method.named_parameters())}
    return {key: value.grad for key, value in named.items() if value.grad is not None}


@pytest.mark.parametrize("name", METHODS)
def test_the_gradient_of_every_method_is_that_of_float32(name: str) -> None:
    exact, found = gradients(name, "float32"), gradients(name, "bf16")
    assert exact.keys() == found.keys()
    off = {key: float((found[key] - value).norm() / value.norm()) for key, value in exact.items() if value.any()}
    assert off
    assert {key: round(share, 4) for key, share in off.items() if share > 0.01} == {}


class Spy(Method):
    """A method, the types that it was given, and how far its gradients are from those in float32 of the same numbers.

    Both gradients are a copy's, so that the real one is asked once a step.
    """

    def __init__(self, own: Method) -> None:
        super().__init__()
        self.own, self.types, self.off = own, set[torch.dtype](), list[float]()
        self.uses_target, self.wanted_layers, self.paired = own.uses_target, own.wanted_layers, own.paired
        self.rate, self.target_statistics = own.rate, own.target_statistics

    def shown(self, images: torch.Tensor, labels: torch.Tensor, model: nn.Module) -> torch.Tensor:
        return self.own.shown(images, labels, model)

    def terms(self, source: Step, target: Step | None, moment: Moment) -> Mapping[str, torch.Tensor]:
        self.types |= {value.dtype for step in (source, target) if step is not None for value in numbers(step)}
        found = self._gradient(source, target, moment)
        with torch.autocast("cpu", enabled=False):
            exact = self._gradient(source, target, moment)
        self.off.append(float((found - exact).norm() / exact.norm().clamp(min=1e-30)))
        return self.own.terms(source, target, moment)

    def _gradient(self, source: Step, target: Step | None, moment: Moment) -> torch.Tensor:
        """Return the gradient of the terms with respect to everything that the network gave, in one row."""
        halves = [None if step is None else apart(step) for step in (source, target)]
        with torch.random.fork_rng(devices=[]):
            terms = copy.deepcopy(self.own).terms(halves[0], halves[1], moment)  # type: ignore[arg-type]
        given = [value for half in halves if half is not None for value in numbers(half)]
        live = [term.float() for term in terms.values() if term.requires_grad]
        grads = torch.autograd.grad(torch.stack(live).sum(), given, allow_unused=True) if live else ()
        return torch.cat([grad.flatten() for grad in grads if grad is not None] or [torch.zeros(1)])


def numbers(step: Step) -> list[torch.Tensor]:
    return [step.latent, step.logits, *step.layers.values()]


def apart(step: Step) -> Step:
    """Return a step of the same numbers in float32, without a past."""
    own = [value.detach().float().clone().requires_grad_() for value in numbers(step)]
    return Step(own[0], own[1], step.labels, dict(zip(step.layers, own[2:], strict=True)))


def sky() -> tuple[torch.Tensor, torch.Tensor]:
    """Return images float32 (2N, 3, 16, 16) of three classes, source and target, and the source's labels."""
    stream = torch.Generator().manual_seed(2)
    labels = torch.arange(N).repeat(2) % CLASSES
    images = torch.rand(2 * N, 3, 16, 16, generator=stream) + 0.3 * labels[:, None, None, None]
    images[N:] += 0.1
    return images.contiguous(memory_format=torch.channels_last), labels[:N]


def network() -> nn.Module:
    """Return the shipped ConvNet."""
    torch.manual_seed(0)
    return convnet((3, 16, 16), CLASSES).to(memory_format=torch.channels_last)


def trained(model: nn.Module, method: Method, precision: str) -> None:
    """Train for two steps."""
    images, labels = sky()
    method.wanted_layers = model.layers if method.wanted_layers else ()
    material = Material(
        images[:N], labels, images[:N], labels, images[N:], CLASSES, torch.arange(N) if method.paired else None
    )
    with steadily():
        train(model, method, material, rules(precision, learning_rate=1e-3), "toy", Checkpoint())


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_given_float32_by_a_shipped_network_in_bf16(name: str) -> None:
    method = Spy(built(name))
    trained(network(), method, "bf16")
    assert method.types == {torch.float32}
    assert len(method.off) == 2
    assert max(method.off) <= 0.01


class Looking(Method):
    """Runs the network itself, and notes the types of what it answers and of a product of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.types: set[torch.dtype] = set()

    def shown(self, images: torch.Tensor, labels: torch.Tensor, model: nn.Module) -> torch.Tensor:
        self.types |= {value.dtype for value in (*model(images), images.flatten(1) @ images.flatten(1).T)}
        return images


@pytest.mark.parametrize(("precision", "dtype"), [("bf16", torch.bfloat16), ("float32", torch.float32)])
def test_the_network_itself_runs_in_the_precision_whoever_calls_it(precision: str, dtype: torch.dtype) -> None:
    method, model, inside = Looking(), network(), []
    model.get_submodule("trunk.conv2").register_forward_hook(
        lambda module, _, output: inside.append((output.dtype, module.training and torch.is_grad_enabled()))
    )
    trained(model, method, precision)
    assert [kind for kind, learning in inside if learning] == [dtype] * 4, "two steps, for the method and for the loss"
    assert {kind for kind, learning in inside if not learning} == {torch.float32}, "its statistics and its tests"
    assert method.types == {torch.float32}
    assert not model._forward_hooks


def test_a_copy_of_the_network_that_a_method_makes_runs_its_own_weights() -> None:
    answers: list[torch.Tensor] = []

    class Copying(Method):
        def shown(self, images: torch.Tensor, labels: torch.Tensor, model: nn.Module) -> torch.Tensor:
            twin = copy.deepcopy(model)
            for weight in twin.head.parameters():
                nn.init.zeros_(weight)
            answers.append(twin(images).logits.detach())
            return images

    trained(network(), Copying(), "bf16")
    assert not torch.cat(answers).any()


def test_a_network_that_fails_half_way_leaves_the_precision_as_it_was() -> None:
    class Failing(Method):
        def shown(self, images: torch.Tensor, labels: torch.Tensor, model: nn.Module) -> torch.Tensor:
            with pytest.raises(RuntimeError, match="channels"):
                model(images[:, :1])
            assert not torch.is_autocast_enabled("cpu")
            return images

    trained(network(), Failing(), "bf16")
