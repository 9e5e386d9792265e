"""The statistics, on values whose answer is known."""

import math

import pytest

from bench.report import stats


@pytest.mark.parametrize(
    'values, share, expected',
    [
        ([7.0], 0.99, 7.0),
        ([1.0, 2.0], 0.5, 1.5),
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        ([float(value) for value in range(101)], 0.95, 95.0),
        ([0.0, 10.0], 1.0, 10.0),
    ],
)
def test_quantile(values, share, expected):
    """A quantile lies between the two values that are nearest to its place."""
    assert stats.quantile(values, share) == expected


def test_quantile_of_nothing():
    """There is no quantile of nothing, and it is not 0."""
    with pytest.raises(ValueError, match='there is no quantile of no values'):
        stats.quantile([], 0.5)


def test_spread():
    """The spread counts and has the quantiles in their order."""
    assert stats.spread([float(value) for value in range(1, 102)]) == (101, 51.0, 96.0, 100.0)


def test_median_confidence_interval_of_many():
    """It is as wide as the sign test says: ranks 40 and 61 of 100 values."""
    assert stats.median_confidence_interval([float(value) for value in range(100, 0, -1)]) == (
        40.0,
        61.0,
    )


def test_median_confidence_interval_of_few():
    """Of few values nothing is left out."""
    assert stats.median_confidence_interval([3.0, 1.0, 2.0]) == (1.0, 3.0)


def test_slope_of_a_line():
    """A straight line has no error."""
    intercept, slope, error = stats.slope([(0, 5), (10, 25), (20, 45)])
    assert (intercept, slope) == (5, 2)
    assert math.isclose(error, 0, abs_tol=1e-12)


def test_slope_of_scattered_points():
    """The error is the one that the textbook gives."""
    line = stats.slope([(1, 2), (2, 1), (3, 4), (4, 3)])
    assert math.isclose(line.slope, 0.6)
    assert math.isclose(line.error, math.sqrt(3.2 / 2 / 5))


def test_slope_of_two_points():
    """Two points say nothing of the error."""
    assert stats.slope([(0, 1), (1, 2)]).error == math.inf


def test_slope_of_one_x():
    """There is no slope without a width."""
    with pytest.raises(ValueError, match='two different x'):
        stats.slope([(1, 1), (1, 2)])
