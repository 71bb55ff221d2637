"""Train a network of one's own on pictures of faces."""
