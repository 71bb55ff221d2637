"""Liveness test by a frozen network: linear heads on the statistics of its blocks."""
