"""The layout of a packed file.

/               attributes: format, version, dataset, store, frames, counts, digest ...
/bona_fide/     one row per picture of a living person
    images      store "encoded": the bytes of a picture file, uint8 of variable length;
                store "pixels": uint8 of shape (N, H, W, 3), R G B; a smaller
                picture is at the top left, the rest is black
    key ...     one array per column of `COLUMNS`, all as long as ``images``
/attack/        the same for attacks
/skipped/       ``sample``, ``key`` and ``error`` of what could not be read
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Literal, get_args

from facepad.packed.address import ATTACK, BONA_FIDE

FORMAT = "facepad packed dataset"
VERSION = 1
IMAGES = "images"
SKIPPED = "skipped"
HASH_DIGITS = 64  # of SHA-256 in hexadecimal

Store = Literal["encoded", "pixels"]
STORES: tuple[Store, ...] = get_args(Store)


def _nothing() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Row:
    """One packed picture, without its pixels.

    Attributes:
        sample: Index of its sample in the listing; frames of one clip share it.
        key: The sample's key in the dataset that was packed.
        subject: As in the sample.
        split: As in the sample.
        species: As in the sample; "" for bona fide.
        session: As in the sample; "" for none.
        frame: Number of the frame in its clip, from 0; -1 for a still.
        of_clip: Whether the sample is a clip, of which this is one frame.
        time_s: Seconds since the clip began.
        attributes: As in the sample.
        notes: What was unusual about the file.
        width: Width of the upright picture before packing, in pixels.
        height: Height of the upright picture before packing, in pixels.
        stored_width: Width as packed, in pixels.
        stored_height: Height as packed, in pixels.
        format: Format of the file it came from ("JPEG").
        bytes: Size of the file it came from, in bytes.
        sha256: Hash of the file it came from.
        pixels_sha256: Hash of the upright RGB pixels as they are read from the packed file.
    """

    sample: int = 0
    key: str = ""
    subject: str = ""
    split: str = ""
    species: str = ""
    session: str = ""
    frame: int = -1
    of_clip: int = 0
    time_s: float = 0.0
    attributes: Mapping[str, str] = field(default_factory=_nothing)
    notes: tuple[str, ...] = ()
    width: int = 0
    height: int = 0
    stored_width: int = 0
    stored_height: int = 0
    format: str = ""
    bytes: int = 0
    sha256: str = ""
    pixels_sha256: str = ""

    @property
    def group(self) -> str:
        """The group it belongs to."""
        return ATTACK if self.species else BONA_FIDE


# Kind of each column: text (UTF-8), json (as text), int, float, hash.
COLUMNS: Mapping[str, str] = MappingProxyType(
    {column.name: "text" for column in fields(Row)}
    | dict.fromkeys(("attributes", "notes"), "json")
    | dict.fromkeys(("sample", "frame", "of_clip", "bytes"), "int")
    | dict.fromkeys(("width", "height", "stored_width", "stored_height"), "int")
    | {"time_s": "float", "sha256": "hash", "pixels_sha256": "hash"}
)
# What reading a picture needs of its row.
OF_PICTURE = ("sample", "frame", "of_clip", "time_s", "notes", "stored_width", "stored_height")


@dataclass(frozen=True, slots=True)
class About:
    """Metadata of a packed file.

    Attributes:
        dataset: Name of the listing it was made from.
        protocol: Protocol of that listing; "" when it has only one.
        store: "encoded" or "pixels".
        size: Width and height of all pictures of store "pixels"; (0, 0) otherwise.
        frames: Which frames of clips were packed.
        samples: How many samples were listed.
        bona_fide: Rows of that group.
        attack: Rows of that group.
        skipped: Samples that could not be read.
        digest: SHA-256 over keys, labels and pixels in order; the same for every way of
            packing the same pictures.
        order: Fingerprint of listing, files and options.
        notices: What the listing said of the copy that was packed.
        header: The listing's own words on layout, reference and licence.
        made_by: Version of facepad.
    """

    dataset: str
    protocol: str
    store: Store
    size: tuple[int, int]
    frames: str
    samples: int
    bona_fide: int
    attack: int
    skipped: int
    digest: str
    order: str = ""
    notices: tuple[str, ...] = ()
    header: str = ""
    made_by: str = ""

    def rows(self, group: str) -> int:
        """Return how many rows a group has."""
        return self.bona_fide if group == BONA_FIDE else self.attack


def attributes_of(about: About) -> dict[str, Any]:
    """Return the attributes of the file's root, as h5py takes them."""
    values = {item.name: getattr(about, item.name) for item in fields(About)}
    values["notices"] = "\n".join(about.notices)
    return {"format": FORMAT, "version": VERSION} | values


def about_from(attributes: Mapping[str, Any]) -> About:
    """Return what the attributes of a file's root say.

    Raises:
        ValueError: They are not those of a packed file of this version.
    """
    if attributes.get("format") != FORMAT:
        raise ValueError(f"it is not a {FORMAT}")
    if attributes.get("version") != VERSION:
        raise ValueError(f"it has version {attributes.get('version')}, expected {VERSION}")
    missing = [item.name for item in fields(About) if item.name not in attributes]
    if missing:
        raise ValueError(f"attributes are missing: {', '.join(missing)}")
    if attributes["store"] not in STORES:
        raise ValueError(f"store must be one of {', '.join(STORES)}, got {attributes['store']}")
    width, height = (int(side) for side in attributes["size"])
    return About(
        dataset=str(attributes["dataset"]),
        protocol=str(attributes["protocol"]),
        store=attributes["store"],
        size=(width, height),
        frames=str(attributes["frames"]),
        samples=int(attributes["samples"]),
        bona_fide=int(attributes["bona_fide"]),
        attack=int(attributes["attack"]),
        skipped=int(attributes["skipped"]),
        digest=str(attributes["digest"]),
        order=str(attributes["order"]),
        notices=tuple(str(attributes["notices"]).splitlines()),
        header=str(attributes["header"]),
        made_by=str(attributes["made_by"]),
    )
