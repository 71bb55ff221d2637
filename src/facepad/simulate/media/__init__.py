"""Presentation attack instruments: prints, screens and masks."""
