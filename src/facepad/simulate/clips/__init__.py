"""Simulated clips: heads, prints and screens that move before a simulated camera."""
