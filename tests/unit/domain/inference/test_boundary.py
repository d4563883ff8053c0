"""The mixture, beside the integral that it is."""

import numpy as np
import pytest
from scipy import integrate, stats

from streams.domain.inference import boundary


@pytest.mark.parametrize(("z", "people"), [(0.0, 500.0), (2.5, 2_000.0), (4.0, 80_000.0)])
def test_an_e_value_is_the_average_likelihood_over_normal_effects(z: float, people: float) -> None:
    spread = np.sqrt(1e-4)

    def weighed(effect: float) -> float:
        drift = effect * np.sqrt(people)
        return float(np.exp(z * drift - drift**2 / 2) * stats.norm.pdf(effect, scale=spread))

    average, _ = integrate.quad(weighed, -12 * spread, 12 * spread, points=[z / np.sqrt(people)], limit=200)
    log_e = boundary.log_e(np.array([z * z]), np.array([people]), spread**2)
    assert log_e[0] == pytest.approx(np.log(average), abs=1e-6)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.999])
def test_it_is_narrowest_for_the_people_that_it_is_tuned_for(level: float) -> None:
    people = np.array([20_000.0])
    tuned, early, late = (
        boundary.squared_limit(level, people, boundary.rho2(level, tuned_for))[0]
        for tuned_for in (20_000, 15_000, 27_000)
    )
    assert tuned < min(early, late)


def test_far_from_what_it_is_tuned_for_it_is_a_quarter_wider() -> None:
    rho2 = boundary.rho2(0.95, 20_000)
    narrowest, *others = np.sqrt(boundary.squared_limit(0.95, np.array([20_000.0, 2_000.0, 200_000.0]), rho2))
    assert max(others) < 1.26 * narrowest


@pytest.mark.parametrize("degrees", [30.0, 60.0, 254.0])
def test_few_groups_are_as_sure_as_students_law_says(degrees: float) -> None:
    t = np.array([2.0, 3.0, 4.0])
    z = np.sqrt(boundary.as_normal(t * t, np.full(3, degrees)))
    assert stats.norm.sf(z) == pytest.approx(stats.t.sf(t, degrees), rel=0.02)
    assert boundary.as_student(z * z, np.full(3, degrees)) == pytest.approx(t * t)
