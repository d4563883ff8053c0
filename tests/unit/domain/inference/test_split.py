"""Splits, beside the distributions that they are compared with."""

import numpy as np
import pytest
from scipy import stats

from streams.domain.inference import split
from streams.domain.inference.split import log_bayes_factor


def test_it_is_the_likelihood_of_unplanned_over_that_of_planned_proportions() -> None:
    counts, planned = np.array([410, 330, 260]), np.array([0.4, 0.4, 0.2])
    plain = stats.multinomial.logpmf(counts, 1_000, planned)
    fine, coarse = (
        stats.dirichlet_multinomial.logpmf(counts, c * planned, np.array(1_000)) for c in (split.FINE, split.COARSE)
    )
    expected = np.log(0.9 * np.exp(fine - plain) + 0.1 * np.exp(coarse - plain))
    assert log_bayes_factor(counts[None].astype(float), planned[None])[0] == pytest.approx(expected)


def test_variants_that_an_experiment_has_not_got_say_nothing() -> None:
    both = log_bayes_factor(np.array([[60.0, 40.0, 0.0]]), np.array([[0.5, 0.5, 0.0]]))
    assert both == pytest.approx(log_bayes_factor(np.array([[60.0, 40.0]]), np.array([[0.5, 0.5]])))


def test_nobody_is_no_evidence() -> None:
    assert log_bayes_factor(np.zeros((1, 2)), np.full((1, 2), 0.5))[0] == pytest.approx(0.0)


def test_households_of_two_are_half_the_evidence() -> None:
    people, planned = np.array([[1_300.0, 700.0]]), np.array([[0.5, 0.5]])
    assert log_bayes_factor(people, planned, np.array([2.0])) == pytest.approx(log_bayes_factor(people / 2, planned))
