"""Pictures made by simulation: scenes, cameras and, later, the media of attacks."""
