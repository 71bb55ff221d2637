"""Faces: where they are in a frame, their landmarks, and their crops."""
