"""Training of the voxel test: networks over volumes of faces."""
