"""How many attacks a core makes in a second at 640x480, and how much memory it takes.

    python benchmarks/simulate.py

One process with one thread and a made-up picture; first cameras of 480 lines, then as they
are drawn (240 to 1080 lines). Aims at 640x480: 4 a second, 200 MB.
"""

import resource
import time
from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np

from facepad.simulate.linear_light import to_display
from facepad.simulate.recipe import MEDIA, PARTIAL, Recipe, apply, draw_recipe
from facepad.training.quality.resolution import dead_leaves
from facepad.types import Face, RgbImage

COUNT = 30  # pictures for each figure
FACE = Face((220, 130, 420, 330), 1.0)


def main() -> None:
    """Print one line for each species and one for sensors of all sizes."""
    cv2.setNumThreads(1)
    picture = to_display(dead_leaves(np.random.default_rng(0), 480, 640))
    print(f"{'species':<24} {'a second':>9} {'ms, median':>11} {'worst':>6} {'peak MB':>8}")
    for species in (*MEDIA, PARTIAL):
        _report(species, list(_recipes(species, 480)), picture)
    for species in (*MEDIA, PARTIAL):
        _report(f"{species}, all sizes", list(_recipes(species, None)), picture)


def _recipes(species: str, lines: int | None) -> Iterator[Recipe]:
    rng = np.random.default_rng(1)
    for _ in range(COUNT):
        recipe = draw_recipe(species, rng)
        if lines is not None:
            lens = replace(recipe.camera.lens, lines=lines)
            recipe = replace(recipe, camera=replace(recipe.camera, lens=lens))
        yield recipe


def _report(name: str, recipes: list[Recipe], picture: RgbImage) -> None:
    times = []
    for recipe in recipes:
        start = time.process_time()
        apply(recipe, picture, FACE)
        times.append(time.process_time() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kibibytes on Linux
    print(
        f"{name:<24} {len(times) / sum(times):>9.1f} {np.median(times) * 1e3:>11.0f} "
        f"{max(times) * 1e3:>6.0f} {peak:>8.0f}"
    )


if __name__ == "__main__":
    main()
