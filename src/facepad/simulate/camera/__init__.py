"""The simulated camera: lens, sensor, image processor and file."""
