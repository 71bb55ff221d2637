"""Liveness test by parallax."""
