"""The commands of ``sendplan``, grouped by job; `forecast.cli` says what each is called."""
