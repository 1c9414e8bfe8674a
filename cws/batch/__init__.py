"""Many backtests of one recipe: a grid of settings, every set a counted trial."""
