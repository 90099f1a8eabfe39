"""What nobody knows of a sky: each shipped perturbation does without it, or refuses in one sentence; none guesses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astrobench import AstrobenchError, DataError, Streams
from astrobench.conformance.perturbations import images_of
from astrobench.conformance.sampling import sampled
from astrobench.conformance.seeding import seeded
from astrobench.conformance.skies import TinyNetwork, batch
from astrobench.registry import Registry

INSTALLED = Registry.load()
NAMES = INSTALLED.names("perturbations")
SHORT = {name: {"population": 8, "generations": 2} for name in ("one_pixel", "few_pixel")}
IN_ARCSEC = {"psf", "pixel_scale", "satellite_trail", "cosmic_rays"}
IN_ELECTRONS = {
    "background_gradient", "bad_columns", "cosmic_rays", "dead_pixels", "exposure", "gain", "hot_pixels",
    "pixel_scale", "redshift", "satellite_trail", "sky",
}  # fmt: skip


def perturbed(name, **unknown):
    plugin = INSTALLED.get("perturbations", name)
    params = plugin.complete({**sampled(plugin.signature.parameters), **SHORT.get(name, {})})
    with seeded(0):
        model = TinyNetwork().eval()
        given = replace(batch(model), **unknown)
        return images_of(plugin.resolve()(given, model, Streams("unknown"), **params))


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_pixel_scale_is_refused_by_name_or_not_needed(name):
    if name in IN_ARCSEC:
        with pytest.raises(
            DataError,
            match=rf"^{name}: the dataset's pixel_scale is unknown; give it one in arcsec, or leave {name} out$",
        ):
            perturbed(name, pixel_scale=None)
        return
    known, other, unknown = (perturbed(name, pixel_scale=scale) for scale in (0.2, 0.9, None))
    np.testing.assert_array_equal(unknown, known)
    np.testing.assert_array_equal(other, known)


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_observation_is_refused_by_name_or_not_needed(name):
    if name in IN_ELECTRONS:
        with pytest.raises(AstrobenchError, match=rf"^{name}: the dataset .*how its images were observed"):
            perturbed(name, observation=None)
        return
    assert np.isfinite(perturbed(name, observation=None)).all()
