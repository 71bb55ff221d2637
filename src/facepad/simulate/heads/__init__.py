"""Rendered heads: the face model, its fit to the landmarks of a portrait, and its colours."""
