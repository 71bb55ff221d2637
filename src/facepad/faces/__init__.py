"""Faces: where they are in a frame, their landmarks, and their crops."""

from facepad.faces.finder import FaceFinder
from facepad.faces.squares import crop

__all__ = ["FaceFinder", "crop"]
