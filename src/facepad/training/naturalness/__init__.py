"""Fitting of the metrics of naturalness, NIQE and BIQI."""
