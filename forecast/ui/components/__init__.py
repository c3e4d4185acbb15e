"""Parts of pages, and the shared results behind them."""
