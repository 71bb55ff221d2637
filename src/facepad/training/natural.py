"""Fit the metrics of naturalness that learn from pictures: NIQE and BIQI."""

from facepad.training.biqi import train_biqi
from facepad.training.gates import Gate, Report
from facepad.training.niqe import train_niqe

__all__ = ["Gate", "Report", "train_biqi", "train_niqe"]
