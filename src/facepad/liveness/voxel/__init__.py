"""Liveness test by volume: the shape of a face, reconstructed from one picture."""
