"""Weights for facepad that were also fitted on NUAA; for research only.

facepad finds them through two entry-point groups: the model files through ``facepad.models``,
the liveness tests that use them through ``facepad.liveness_tests``.
"""

from pathlib import Path

WEIGHTS = Path(__file__).parent / "weights"
