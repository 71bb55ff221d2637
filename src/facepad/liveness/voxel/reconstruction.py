"""From a picture to the shape of the face in it, as a mesh, as arrays or as a picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad import sources
from facepad.errors import InputError, source_name
from facepad.faces import crops, level
from facepad.finders import Faces, Finder, notes_of, with_faces
from facepad.liveness.voxel.reconstructor import Reconstructor
from facepad.liveness.voxel.surface import Surface, surface, turntable
from facepad.liveness.voxel.volume import MARGIN, SIDE, Volume, crop_of
from facepad.media.thumbnail import png
from facepad.meshes.files import encoded_obj, encoded_ply
from facepad.models.npz import pack
from facepad.reasons import REASONS
from facepad.types import Frame, Reason, RgbImage

SUFFIXES = (".obj", ".ply", ".npz", ".png")  # of files that a reconstruction is written to


@dataclass(frozen=True, slots=True, eq=False)
class FaceReconstruction:
    """The shape of a face in a picture.

    Attributes:
        volume: Its volume.
        crop: The levelled crop that the volume belongs to, RGB uint8, shape (192, 192, 3).
        corners: Corners of the crop in pixels of the picture, x and y, shape (4, 2): upper left,
            upper right, lower right, lower left; (0, 0) is the corner of the first pixel.
        eye_distance: Distance between the centres of the eyes in crop pixels; NaN when unknown.
        version: Version of the network.
        notes: What was unusual about the picture.
    """

    volume: Volume
    crop: RgbImage
    corners: NDArray[np.float32]
    eye_distance: float
    version: str
    notes: Sequence[str] = ()

    def encoded(self, suffix: str) -> bytes:
        """Return the content of a file.

        Args:
            suffix: ``.obj`` or ``.ply`` for the coloured mesh of the visible surface, ``.npz``
                for arrays, ``.png`` for views all round.

        Raises:
            InputError: The suffix is another one.
        """
        if suffix == ".png":
            return png(turntable(self.volume, self.crop))
        if suffix == ".npz":
            return pack(self._arrays())
        write = {".obj": encoded_obj, ".ply": encoded_ply}.get(suffix)
        if write is None:
            raise InputError(f"a reconstruction is {', '.join(SUFFIXES)}, got {suffix!r}")
        found: Surface = surface(self.volume)
        return write(found.mesh(), found.colours(self.crop), self._comments())

    def _arrays(self) -> dict[str, NDArray[np.generic]]:
        return {
            "occupancy": self.volume.occupancy,
            "depth": self.volume.depth,
            "crop": self.crop,
            "crop_corners": self.corners,
            "eye_distance": np.array(self.eye_distance),
        }

    def _comments(self) -> tuple[str, ...]:
        lines = (
            f"Face from one picture, by facepad with {self.version}",
            f"Unit: pixel of the face crop of {SIDE} x {SIDE}; x right, y up, z towards the viewer",
        )
        if np.isnan(self.eye_distance):
            return lines
        return (*lines, f"Distance between the eyes: {self.eye_distance:.1f}")


def reconstruct(
    source: sources.Source,
    *,
    name: str = "",
    faces: Faces = "largest",
    finder: Finder | None = None,
    reconstructor: Reconstructor | None = None,
) -> FaceReconstruction:
    """Reconstruct the face in a picture; nothing is decided about it.

    Args:
        source: As `facepad.sources.load`; of a clip, the frame in the middle is used.
        name: Name of the source in messages.
        faces: Which face is used where there are several: the "largest"; or "single", for none.
        finder: Finds the face, in place of the built-in finder. No landmarks are needed.
        reconstructor: The network; None loads it for one thread.

    Raises:
        InputError: The source cannot be read, is over a limit, or has no face to use; or the
            network finds no surface in it.
        ModelError: A model file is missing or wrong.
        SettingsError: A limit is not a number, or the file needs a library that is missing.
    """
    given = sources.load(source, selection=sources.MIDDLE, name=name)
    searched, _ = with_faces(given, None, finder or _face_finder(), single=faces == "single")
    frame = (searched or given).frames[0]
    shown = source_name(given.source)
    if frame.face is None:
        reason = REASONS[frame.no_face or Reason.NO_FACE]
        raise InputError(f"{shown}: {reason.words}, expected a clear face; {reason.advice}")
    network, crop = reconstructor or Reconstructor(), crop_of(frame)
    (volume,) = network.volumes([crop])
    if not volume.present.any():
        raise InputError(f"{shown}: the network finds no surface; use a picture with a clear face")
    corners, eye_distance = _placed(frame)
    return FaceReconstruction(
        volume, crop, corners, eye_distance, network.version, notes_of([frame], frame)
    )


def _placed(frame: Frame) -> tuple[NDArray[np.float32], float]:
    """Return the corners of the crop in a frame, and the distance between the eyes in the crop."""
    turned, to_turned = crops.levelled_by(frame)
    if turned.face is None:
        return np.full((4, 2), np.nan, np.float32), np.nan
    left, top, side = crops.square(turned.image, turned.face.box, MARGIN)
    edges = np.array([left, top]) + side * np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
    corners = level.mapped(edges - 0.5, np.asarray(np.linalg.inv(to_turned))) + 0.5
    eyes = np.array(turned.face.points[:2])
    distance = np.hypot(*(eyes[1] - eyes[0])) * SIDE / side if len(eyes) == 2 else np.nan
    return corners.astype(np.float32), float(distance)


def _face_finder() -> Finder:
    from facepad.faces.finder import FaceFinder  # loads what runs a network

    finder: Finder = FaceFinder(landmarks=False)
    return finder
