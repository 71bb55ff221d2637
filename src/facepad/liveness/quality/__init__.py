"""Liveness test by image quality: metrics of one picture, and a linear classifier of them."""
