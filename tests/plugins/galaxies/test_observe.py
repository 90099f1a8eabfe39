"""An exposure is Poisson noise of source and sky, with the mean sky gone."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from astrobench_galaxies import exposures
from astrobench_galaxies.observe import expose, noise_stream
from hypothesis import given, settings
from hypothesis import strategies as st

SKY = (20.0, 300.0, 500.0)


def flat(level: float) -> np.ndarray:
    return np.full((3, 60, 60), level, np.float32)


@settings(max_examples=20, deadline=None)
@given(level=st.floats(0, 1000), years=st.floats(0.5, 10))
def test_mean_and_variance_are_poissons(level: float, years: float):
    image = expose(flat(level), SKY, years, np.random.default_rng(1))
    variance = (level + np.array(SKY)) * years
    error = np.sqrt(variance / 3600)
    assert np.all(np.abs(image.mean((1, 2)) - level * years) < 6 * error)
    np.testing.assert_allclose(image.var((1, 2)), variance, rtol=6 * np.sqrt(2 / 3600) + 0.02)


def test_photons_are_counted_whole():
    image = expose(flat(7.0), SKY, 3.0, np.random.default_rng(1))
    whole = image.astype(np.float64) + 3 * np.array(SKY)[:, None, None]
    np.testing.assert_allclose(whole, np.round(whole), atol=1e-3)


def test_images_are_float32():
    assert expose(flat(7.0), SKY, 3.0, np.random.default_rng(1)).dtype == np.float32


def test_a_galaxys_noise_depends_on_seed_number_and_years_only():
    def draw(*key: float) -> float:
        return float(noise_stream(int(key[0]), int(key[1]), key[2]).random())

    assert draw(0, 5, 10.0) == draw(0, 5, 10)
    assert len({draw(0, 5, 10), draw(1, 5, 10), draw(0, 6, 10), draw(0, 5, 1)}) == 4


def test_drawn_images_are_named_after_every_source_that_decides_their_bits():
    """What `observe` imports of this package, and what that imports: a change of any is another image."""
    here = Path(exposures.__file__).parent
    named = {path for pattern in exposures._SOURCES for path in here.glob(pattern)}
    found, todo = set[Path](), {here / "observe.py"}
    while todo:
        path = todo.pop()
        found.add(path)
        modules = re.findall(r"^from astrobench_galaxies\.(\w+) import", path.read_text(encoding="utf-8"), re.MULTILINE)
        todo |= {here / f"{module}.py" for module in modules} - found
    assert {"photons.py", "hats.py"} <= {path.name for path in found}
    assert found <= named
