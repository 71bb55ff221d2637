"""A client of the service, sync and async.

Example:
    A check of one picture::

        from pathlib import Path
        from facepad.client import Client

        with Client("http://127.0.0.1:8000", "fpk_...") as client:
            check = client.image(Path("me.jpg"))
            print(check.decision, [reason.advice for reason in check.reasons])
"""

from facepad.client.answers import (
    CheckReason,
    FaceArea,
    JobState,
    LivenessCheck,
    ServiceError,
)
from facepad.client.calls import CalibrationOptions, CheckParameters, Media
from facepad.client.clients import AsyncClient, Client

__all__ = [
    "AsyncClient",
    "CalibrationOptions",
    "CheckParameters",
    "CheckReason",
    "Client",
    "FaceArea",
    "JobState",
    "LivenessCheck",
    "Media",
    "ServiceError",
]
