"""Liveness tests: one file each, none imports another."""
