"""Training of the quality test."""
