"""What stands before the camera: geometry, backgrounds, reflections, meshes."""
