from __future__ import annotations

from forecast.finance.balance import REGIMES
from forecast.presentation.funding_regimes import REGIME_WORDS


def test_every_funding_regime_has_words_and_the_usual_one_comes_first() -> None:
    assert set(REGIME_WORDS) == set(REGIMES)
    assert next(iter(REGIME_WORDS)) == "authority_bears"
