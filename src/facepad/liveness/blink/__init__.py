"""Liveness test by blinks."""
