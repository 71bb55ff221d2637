"""Training of the heads of the face test."""
