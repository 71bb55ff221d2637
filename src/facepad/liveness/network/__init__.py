"""Liveness test by a network of the user's own: an ONNX file and a description of it in TOML."""
