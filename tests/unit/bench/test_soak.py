"""The fit of cost against load."""

import pytest

from airfleet.bench.soak import slope


@pytest.mark.parametrize(
    ("values", "growth"), [([5.0], 0), ([1, 2, 3, 4], 1), ([7, 7, 7], 0), ([4, 2], -2), ([0, 2, 1, 3], 0.8)]
)
def test_the_slope_is_the_least_squares_growth_from_one_value_to_the_next(values: list[float], growth: float) -> None:
    assert slope(values) == pytest.approx(growth)
