"""Fitting of calibrations and of the prior that they use."""
