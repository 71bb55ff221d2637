"""Simulate presentation attacks from bona fide pictures: scenes, attack media, cameras."""
