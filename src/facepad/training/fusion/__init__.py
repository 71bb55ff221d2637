"""Fit the fusion of several liveness tests: rows of scores, the fit, and its card."""
