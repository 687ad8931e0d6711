"""Forecasts of series: the windows, what is measured, the baselines, the network, its answers and its views."""
