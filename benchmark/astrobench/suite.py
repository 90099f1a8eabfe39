"""A suite: what to sweep, how to train, what to show. A TOML file, checked before anything runs."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from astrobench.errors import SuiteError, did_you_mean
from astrobench.filters import check_filters, check_named
from astrobench.rules import RULES
from astrobench.spreading import spread
from astrobench.tables import Column, Cross, Label, Measured, Name, Published, Rank, Strict, check_tables
from astrobench.tables import merged as merged

if TYPE_CHECKING:
    from pathlib import Path

AXES = ("dataset", "domain", "architecture", "method", "perturbation", "seed")

Rule = Literal[RULES]  # type: ignore[valid-type]
Quirk = Literal["no_gradient_reset", "random_batches", "cumulative_patience"]


class Use(Strict):
    """A plugin on an axis: its name alone, or a table with a label and parameters.

    source: for a dataset, the domain that it trains on, where that is not the first of the domain axis.
    training: for a method, settings of `[training]` that hold for it alone (a published quirk). curve: for a
    perturbation, the severity curve that it is a point of; by default that of its plugin.
    """

    plugin: str
    label: Label = ""
    params: dict[str, Any] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    source: Label | None = None
    curve: Label | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        body = {"plugin": value} if isinstance(value, str) else value
        if isinstance(body, dict) and not body.get("label") and isinstance(body.get("plugin"), str):
            params = body.get("params") or {}
            told = ",".join(f"{name}={params[name]}" for name in params) if isinstance(params, dict) else ""
            body = {**body, "label": body["plugin"] + (f"({told})" if told else "")}
        return body


Uses = Annotated[tuple[Use, ...], BeforeValidator(spread)]


class Axes(Strict):
    """The axes whose cross product is swept. domain: names of the dataset's test sets, source first."""

    dataset: Uses = Field(min_length=1)
    domain: tuple[Label, ...] = Field(min_length=1)
    architecture: Uses = Field(min_length=1)
    method: Uses = Field(min_length=1)
    perturbation: Uses = (Use(plugin="none", label="none"),)
    seed: tuple[Annotated[int, Field(ge=0)], ...] = Field(default=(0, 1, 2, 3, 4), min_length=1)


class Training(Strict):
    """The budget and rules of a training, the same for every method.

    selection: the rule that picks the epoch which is tested: "last", "source_valid" (best accuracy on the source
    validation set), or a validator (see `rules`). checkpoints: how many epochs, spread evenly, rules can pick from.
    batchnorm: statistics for evaluation, taken anew after each epoch ("recalibrated") or as they ran along ("running").
    augment: "rotations" want square images. precision: of the network while it trains; all losses are float32.
    quirks: published faults to repeat, by name.
    """

    epochs: int = Field(default=20, ge=1)
    batch_size: int = Field(default=128, ge=2)
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    learning_rate: float = Field(default=1e-3, gt=0)
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = Field(default=0.0, ge=0)
    schedule: Literal["constant", "cosine", "one_cycle"] = "cosine"
    patience: int | None = Field(default=None, ge=1)
    selection: Rule = "source_valid"
    checkpoints: int = Field(default=10, ge=1, le=50)
    class_weights: bool = True
    augment: tuple[Literal["flips", "rotations"], ...] = ()
    precision: Literal["float32", "bf16"] = "float32"
    batchnorm: Literal["recalibrated", "running"] = "recalibrated"
    gradient_clip: float | None = Field(default=None, gt=0)
    quirks: tuple[Quirk, ...] = ()


class Predict(Strict):
    """How test sets are predicted, and what CKA sees of them.

    cka_images: how many images, in batches of cka_batch, feed the CKA; 0 for none. cka_passes: how often they are
    shuffled into batches. cka_layers: names of layers, classes of modules ("Conv2d"), or "*", those that an
    architecture names. cka_pool: all pixels of a feature map ("flatten") or their mean ("gap").
    """

    batch_size: int = Field(default=32, ge=1)
    cka_images: int = Field(default=256, ge=0)
    cka_batch: int = Field(default=128, ge=4)
    cka_passes: int = Field(default=1, ge=1)
    cka_layers: tuple[str, ...] = Field(default=("*",), min_length=1)
    cka_pool: Literal["flatten", "gap"] = "flatten"

    @field_validator("cka_images")
    @classmethod
    def _four_or_none(cls, value: int) -> int:
        if 0 < value < 4:
            raise PydanticCustomError("too_few", "debiased CKA needs 4 images or more, or 0 to leave it out")
        return value


class Suite(Strict):
    """A whole suite after its profile was applied."""

    name: Name
    version: int = Field(ge=1)
    title: str
    description: str = ""
    synthetic: bool = False
    reference: str = "source_only"
    default_profile: dict[Literal["cpu", "cuda"], str] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()
    threads: int = Field(default=1, ge=1)
    timeout: float = Field(default=86400.0, gt=0, description="seconds a training and its cells may take")
    limit: int | None = Field(default=None, ge=1, description="images kept of each split")
    axes: Axes
    metrics: tuple[Use, ...] = (Use(plugin="classification", label="classification"),)
    training: Training = Training()
    predict: Predict = Predict()
    where: tuple[dict[Literal[AXES], Any], ...] = ()  # type: ignore[valid-type]
    exclude: tuple[dict[Literal[AXES], Any], ...] = ()  # type: ignore[valid-type]
    columns: tuple[Column, ...] = ()
    rank: Rank | None = None
    figures: tuple[Name, ...] = ()
    cross: Cross | None = None
    published: tuple[Published, ...] = ()
    profiles: tuple[str, ...] = ()
    measured: Measured | None = None

    @model_validator(mode="after")
    def _distinct_columns(self) -> Suite:
        titles = [column.title for column in self.columns]
        if twice := sorted({title for title in titles if titles.count(title) > 1}):
            raise ValueError(f"two columns are titled {twice[0]!r}: each needs a title of its own")
        return self


def read_suite(path: Path, profile: str | None = None, overrides: dict[str, Any] | None = None) -> Suite:
    """Read a suite file, lay the profile over it, then the overrides, and check the whole.

    Raises SuiteError in one sentence with the path of the key, the value, and what is allowed.
    """
    body = _parse(path)
    profiles = body.pop("profiles", {})
    sources = [body, *profiles.values(), overrides or {}]
    if profile is not None:
        if profile not in profiles:
            raise SuiteError(f"suite {path.stem!r} has no profile {profile!r}{did_you_mean(profile, profiles)}")
        body = merged({**body, "measured": None}, profiles[profile])  # another's measurement is none
    body = merged(body, overrides or {})
    suite = check_suite({**body, "profiles": sorted(profiles)}, str(path.name))
    known = {axis: _labels(axis, sources, suite) for axis in AXES}
    check_filters(suite, known)
    check_named(suite, known)
    return suite


def profiles_of(path: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return (default profile by device class, all profiles) of a suite file."""
    body = _parse(path)
    return dict(body.get("default_profile", {})), tuple(body.get("profiles", {}))


def check_suite(body: dict[str, Any], where: str) -> Suite:
    """Return the suite that a table describes. Raises SuiteError naming the first key that is wrong."""
    try:
        return Suite.model_validate_json(json.dumps(body))
    except ValidationError as error:
        raise SuiteError(f"{where}: {_sentence(error)}") from None
    except (TypeError, ValueError) as error:
        raise SuiteError(f"{where}: {error}") from None


def _labels(axis: str, sources: list[dict[str, Any]], suite: Suite) -> set[Any]:
    """Return every label that an axis has in a suite, its profiles and the overrides."""
    told = [value for source in sources for value in spread(source.get("axes", {}).get(axis, ()))]
    uses = axis not in ("domain", "seed")
    named = {Use.model_validate(value).label if uses else value for value in told}
    return named | {getattr(value, "label", value) for value in getattr(suite.axes, axis)}


def _parse(path: Path) -> dict[str, Any]:
    try:
        body = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SuiteError(f"cannot read suite {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # numbers of 5000 digits and 1000 brackets are no TOML errors
        raise SuiteError(f"{path} is not TOML: {error}") from None
    check_tables(body, path.name)
    return body


def _sentence(error: ValidationError) -> str:
    """Say the first fault: key path, value, what is allowed, the nearest name."""
    fault = error.errors(include_url=False)[0]
    path = ".".join(str(part) for part in fault["loc"]) or "suite"
    if fault["type"] == "extra_forbidden":
        return f"unknown key {path!r}{did_you_mean(str(fault['loc'][-1]), _siblings(fault['loc'][:-1]))}"
    if fault["type"] == "missing":
        return f"missing key {path!r}"
    if not fault["loc"]:  # a fault of the whole, not of one key
        return str(fault["ctx"]["error"])
    told = fault["msg"][0].lower() + fault["msg"][1:]
    if fault["type"] == "literal_error":
        choices = [part.strip("'") for part in fault["ctx"]["expected"].replace(" or ", ", ").split(", ")]
        told = f"is not allowed{did_you_mean(str(fault['input']), choices)}"
    return f"{path} = {json.dumps(fault['input'], ensure_ascii=False, default=str)[:80]}: {told}"


def _siblings(loc: tuple[int | str, ...]) -> list[str]:
    """Return the keys that are known where an unknown one stood."""
    model: Any = Suite
    for part in loc:
        if isinstance(part, str) and part in getattr(model, "model_fields", {}):
            model = _model_in(model.model_fields[part].annotation)
    return list(getattr(model, "model_fields", {}))


def _model_in(annotation: Any) -> Any:
    """Return the table type inside an annotation such as `tuple[Use, ...]`."""
    inner = [_model_in(arg) for arg in getattr(annotation, "__args__", ())]
    models = [arg for arg in [annotation, *inner] if isinstance(arg, type) and issubclass(arg, BaseModel)]
    return models[0] if models else None
