"""Fit on train, choose on dev, write a model with its card."""
