"""Fixtures of the page tests: views of two real authorities and one that was split off."""

from __future__ import annotations

import pytest

from data import areas
from forecast.run import Road
from forecast.ui import views
from forecast.ui.views import AreaView


@pytest.fixture(scope="session")
def road() -> Road:
    """Return what all authorities share."""
    return Road.prepare()


@pytest.fixture(scope="session")
def redbridge(road: Road) -> AreaView:
    """Return an authority with every return and a capacity register of its own."""
    return views.of_road(road, areas.by_code(317))


@pytest.fixture(scope="session")
def newham(road: Road) -> AreaView:
    """Return an authority whose latest return is incomplete."""
    return views.of_road(road, areas.by_code(316))


@pytest.fixture(scope="session")
def cumberland(road: Road) -> AreaView:
    """Return an authority that began in 2023."""
    return views.of_road(road, areas.by_code(942))
