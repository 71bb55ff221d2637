"""Presentation attack instruments: prints, screens, masks and parts of them."""
