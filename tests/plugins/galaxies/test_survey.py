"""The survey's numbers are the tables' numbers."""

from __future__ import annotations

import numpy as np
import pytest
from astrobench import DataError
from astrobench_galaxies.survey import survey_named


def test_sky_levels_are_those_that_surveycodex_computes():
    from surveycodex.utilities import mean_sky_level

    truth = [mean_sky_level("LSST", band).value for band in "gri"]
    np.testing.assert_allclose(survey_named("LSST").sky(10.0), truth, rtol=1e-6)


def test_electrons_are_those_that_surveycodex_computes():
    from surveycodex.utilities import mag2counts

    for band in survey_named("LSST").bands:
        truth = mag2counts(23.0, "LSST", band.name).value
        assert band.electrons(23.0, years=10.0) == pytest.approx(truth, abs=1)  # surveycodex counts whole electrons


@pytest.mark.parametrize(("years", "sigmas"), [(10.0, (152.6, 356.6, 423.6)), (1.0, (48.3, 112.8, 134.0))])
def test_descwl_has_the_sky_noise_worked_out_from_the_papers_table(years: float, sigmas: tuple[float, ...]):
    np.testing.assert_allclose(np.sqrt(survey_named("descwl").sky(years)), sigmas, atol=0.06)


def test_descwl_sees_through_an_airmass_of_1_2():
    assert [round(band.seeing, 3) for band in survey_named("descwl").bands] == [0.814, 0.781, 0.747]


def test_the_obscuration_of_descwl_leaves_its_effective_area():
    survey = survey_named("descwl")
    assert np.pi / 4 * survey.mirror**2 * (1 - survey.obscuration**2) == pytest.approx(32.4, abs=0.05)


def test_an_unknown_survey_is_told_its_nearest_name():
    with pytest.raises(DataError, match=r"no survey named 'LSTT'; did you mean 'LSST'\? known: LSST, descwl"):
        survey_named("LSTT")
