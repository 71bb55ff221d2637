"""Triangle meshes: rendering, and files."""
