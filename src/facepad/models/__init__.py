"""Model files: what is known of each, where it lies, and whether it is the one meant."""
