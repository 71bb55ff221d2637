"""Cues around the face: the outline of a device or sheet, and one large flat glare."""
