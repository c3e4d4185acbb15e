"""Parts that pages are built from, and the shared results behind them."""
