"""Every setting of the service: from the environment or one TOML file, checked at start."""

import os
import re
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from facepad.errors import SettingsError, suggestion
from facepad.settings import SERVICE_PREFIX, STATE_VARIABLE, expanded

PREFIX = SERVICE_PREFIX
FILE_VARIABLE = f"{PREFIX}CONFIG"
_MEGA = 1_000_000
MOST_OPEN_BYTES = 256 << 20  # of all bodies that are on their way
_HOST_NAME = re.compile(r"[a-z0-9_.-]+")
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")

Seconds = Annotated[float, Field(gt=0.0, le=3600.0)]
Count = Annotated[int, Field(ge=1, le=10_000)]


def _cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class ServiceConfig(BaseModel):
    """Settings of the service; each has the environment variable ``FACEPAD_SERVICE_<NAME>``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(
        default=8000, ge=0, le=65_535, description="Port to listen on; 0 for any free one."
    )
    state_dir: Path = Field(
        default=Path("~/.local/share/facepad/service"),
        description="Folder of the database with keys and the audit log; only this user may "
        f"enter it. Variable {STATE_VARIABLE}.",
    )
    public_url: str = Field(
        default="",
        description="Address of the service as its users see it; default: host and port.",
    )
    behind_proxy: bool = Field(
        default=False,
        description="Whether a proxy in front of the service ends TLS. Needed, or insecure_http, "
        "on an address that is not loopback. Needs trusted_proxies.",
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description="Addresses or networks of proxies whose forwarding headers are believed: "
        "127.0.0.1 for a proxy on this machine.",
    )
    insecure_http: bool = Field(
        default=False, description="Whether to serve an address that is not loopback without TLS."
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=(),
        description="Values of the header Host that are answered, without port. Default: the names "
        "of loopback on loopback, all elsewhere. /livez and /readyz are answered to any Host.",
    )
    workers: int = Field(
        default_factory=_cpus, ge=1, le=256, description="Processes that hold models and judge."
    )
    threads: int = Field(default=1, ge=1, le=256, description="Threads of each worker.")
    queue: int = Field(
        default=0,
        ge=0,
        le=10_000,
        description="Pictures and clips that may wait for a worker; over it, requests are refused "
        "with 503. 0 for two per worker.",
    )
    tests_deadline_s: Seconds = Field(
        default=10.0,
        description="Seconds that the liveness tests of one check have together; a late one counts "
        "as missing.",
    )
    test_deadline_s: Seconds = Field(
        default=6.0,
        description="Seconds that each liveness test has from its turn on; a late one counts as "
        "missing, and its worker is replaced.",
    )
    request_deadline_s: Seconds = Field(
        default=30.0,
        description="Seconds to judge a clip, or all pictures of a request, with their wait; over "
        "it, 503.",
    )
    body_deadline_s: Seconds = Field(
        default=30.0, description="Seconds in which the body of a request must arrive."
    )
    max_connections: int = Field(
        default=500,
        ge=8,
        le=100_000,
        description="Connections that are open at once. Over it, the one that has waited longest "
        "for its client is closed; where none waits, a further one gets 503.",
    )
    max_connections_per_address: int = Field(
        default=100,
        ge=1,
        le=100_000,
        description="Connections of one address (IPv6: of its /64) that are open at once; over "
        "it, as max_connections. Those of trusted_proxies are not counted.",
    )
    header_deadline_s: Seconds = Field(
        default=10.0,
        description="Seconds in which the headers of a request must arrive.",
    )
    keep_alive_s: int = Field(
        default=15, ge=1, le=3600, description="Seconds that an idle connection is kept."
    )
    shutdown_deadline_s: int = Field(
        default=60,
        ge=1,
        le=3600,
        description="Seconds that running requests have when the service stops.",
    )
    worker_jobs: int = Field(
        default=1000,
        ge=1,
        le=10**9,
        description="Checks after which a worker is replaced by a new one.",
    )
    worker_memory_mb: int = Field(
        default=1280,
        ge=700,
        le=10**6,
        description="Address space of a worker with one thread, MiB, 700 or more; 128 more for "
        "each further thread. The process of a calibration has twice as much.",
    )
    image_decode_cpu_s: Seconds = Field(
        default=1.0, description="Processor time to decode a picture, seconds; over it, 422."
    )
    video_decode_cpu_s: Seconds = Field(
        default=15.0, description="Processor time to decode a clip, seconds; over it, 422."
    )
    syscall_filter: bool = Field(
        default=True,
        description="Whether workers refuse system calls that they do not need (seccomp), where "
        "the platform can.",
    )
    max_image_mb: float = Field(
        default=8.0, gt=0.0, le=100.0, description="Body of an image request."
    )
    max_video_mb: float = Field(
        default=20.0, gt=0.0, le=1000.0, description="Body of a video request."
    )
    max_json_kb: float = Field(
        default=64.0,
        gt=0.0,
        le=10_000.0,
        description="Body of other requests, and all fields but media of a request with media.",
    )
    max_images: int = Field(default=8, ge=1, le=100, description="Pictures of one image request.")
    max_image_side: int = Field(
        default=1920, ge=160, le=20_000, description="Longest side, pixels."
    )
    max_video_s: Seconds = Field(default=20.0, description="Length of a clip, seconds.")
    max_video_frames: int = Field(default=600, ge=1, le=100_000, description="Frames of a clip.")
    job_days: int = Field(
        default=30,
        ge=1,
        le=3650,
        description="Days that jobs and their results are kept after their end; of each key the "
        "newest 100 are kept.",
    )
    audit_days: int = Field(
        default=365,
        ge=1,
        le=36_500,
        description="Days that entries of the audit log are kept; they are deleted once the "
        "oldest is a day older.",
    )
    rate_per_s: float = Field(
        default=50.0,
        ge=0.0,
        le=1e6,
        description="Requests per second of one API key; 0 for no limit.",
    )
    rate_burst: Count = Field(
        default=200, description="Requests of one key at once, with rate_per_s."
    )
    redis_url: str = Field(
        default="",
        description="Redis for the rate limits and the count of wrong keys of several instances.",
    )

    @field_validator("allowed_hosts", "trusted_proxies", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            ip_network(one, strict=False)
        return value

    @field_validator("allowed_hosts")
    @classmethod
    def _host_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(_host_name, value))

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and not _is_web_address(value):
            raise ValueError("expected http:// or https:// with a host, as https://facepad.example")
        return value

    @property
    def is_loopback(self) -> bool:
        """Whether the service listens on this machine only."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def waiting(self) -> int:
        """Checks that may wait for a worker."""
        return self.queue or 2 * self.workers

    @property
    def hosts(self) -> tuple[str, ...]:
        """Values of the header Host that are answered; empty for all."""
        if self.allowed_hosts:
            return self.allowed_hosts
        return LOOPBACK_NAMES if self.is_loopback and not self.behind_proxy else ()

    @property
    def max_image_bytes(self) -> int:
        """Largest body of an image request, bytes."""
        return round(self.max_image_mb * _MEGA)

    @property
    def max_video_bytes(self) -> int:
        """Largest body of a video request, bytes."""
        return round(self.max_video_mb * _MEGA)

    @property
    def max_json_bytes(self) -> int:
        """Largest body of other requests, bytes."""
        return round(self.max_json_kb * 1000)


def load(
    environment: Mapping[str, str] | None = None, given: Mapping[str, Any] | None = None
) -> ServiceConfig:
    """Read the settings: options before the environment, the environment before the file.

    Args:
        environment: Environment variables; those of the process if None.
        given: Options of the command line; values of None are left out.

    Raises:
        SettingsError: A name is unknown, or a value cannot be used; the message names it.
    """
    variables = os.environ if environment is None else environment
    values = {
        **_from_file(variables.get(FILE_VARIABLE, "")),
        **_from_environment(variables),
        **{name: value for name, value in (given or {}).items() if value is not None},
    }
    try:
        config = ServiceConfig(**values)
    except ValidationError as error:
        raise SettingsError(_words(error)) from None
    state = expanded(str(config.state_dir), STATE_VARIABLE)
    checked = config.model_copy(update={"state_dir": state})
    _check_exposed(checked)
    _check_proxies(checked)
    _check_bodies(checked)
    return checked


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return STATE_VARIABLE if name == "state_dir" else f"{PREFIX}{name.upper()}"


def shown(config: ServiceConfig) -> list[str]:
    """Return each setting with its variable and value; what holds a password is hidden."""
    hidden = {"redis_url"}
    return [
        f"{variable(name)}={'***' if name in hidden and value else value}"
        for name, value in config.model_dump(mode="json").items()
    ]


def _from_environment(variables: Mapping[str, str]) -> dict[str, str]:
    known = {variable(name): name for name in ServiceConfig.model_fields}
    for name in variables:
        if name.startswith(PREFIX) and name not in (*known, FILE_VARIABLE):
            hint = suggestion(name, known)
            raise SettingsError(f"{name} is no setting of the service; {hint}see docs/service")
    return {name: variables[key] for key, name in known.items() if variables.get(key)}


def _from_file(path: str) -> dict[str, Any]:
    if not path:
        return {}
    import tomllib

    try:
        return tomllib.loads(expanded(path, FILE_VARIABLE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{FILE_VARIABLE}: {path} cannot be read as TOML: {error}") from error


def _words(error: ValidationError) -> str:
    """Return what is wrong with each value, by its variable."""
    lines = []
    for one in error.errors(include_url=False):
        name = str(one["loc"][0]) if one["loc"] else "settings"
        if one["type"] == "extra_forbidden":
            hint = suggestion(name, ServiceConfig.model_fields)
            lines.append(f"{name} is no setting of the service; {hint}".strip())
        else:
            lines.append(f"{variable(name)}: {one['msg']}, got {one['input']!r}")
    return "; ".join(lines)


def _check_exposed(config: ServiceConfig) -> None:
    if config.is_loopback or config.behind_proxy or config.insecure_http:
        return
    raise SettingsError(
        f"{config.host} can be reached from other machines, and keys and pictures would cross the "
        "network in the clear. Listen on 127.0.0.1; or put a proxy with TLS in front and set "
        "FACEPAD_SERVICE_BEHIND_PROXY=1 (--behind-proxy) and FACEPAD_SERVICE_TRUSTED_PROXIES; or "
        "accept the risk with FACEPAD_SERVICE_INSECURE_HTTP=1 (--insecure-http)"
    )


def _check_proxies(config: ServiceConfig) -> None:
    if config.behind_proxy and not config.trusted_proxies:
        raise SettingsError(
            "FACEPAD_SERVICE_BEHIND_PROXY (--behind-proxy) needs FACEPAD_SERVICE_TRUSTED_PROXIES: "
            "without it all callers have the proxy's address, and share the limits of one. Set it "
            "to the addresses or networks of the proxy: FACEPAD_SERVICE_TRUSTED_PROXIES=127.0.0.1 "
            "for a proxy on this machine"
        )


def _check_bodies(config: ServiceConfig) -> None:
    bounds = (
        ("max_image_mb", config.max_image_bytes),
        ("max_video_mb", config.max_video_bytes),
        ("max_json_kb", config.max_json_bytes),
    )
    for name, size in bounds:
        if size > MOST_OPEN_BYTES:
            raise SettingsError(
                f"{variable(name)} allows a body of {size:,} bytes, but all bodies that are on "
                f"their way may have {MOST_OPEN_BYTES:,} bytes together (MOST_OPEN_BYTES); set it "
                "so that one body fits"
            )


def _host_name(text: str) -> str:
    """Return a value of the header Host as it is compared.

    Raises:
        ValueError: It has a scheme, a port or a path, or is no name.
    """
    name = text.lower()
    if _HOST_NAME.fullmatch(name):
        return name
    try:
        is_bare = not name.startswith("[")
        return f"[{IPv6Address(name if is_bare else name[1:].removesuffix(']'))}]"
    except ValueError:
        raise ValueError(
            f"{text!r} is no name of a host; expected one without scheme, port and path, as "
            "facepad.example, 192.0.2.1 or [::1]"
        ) from None


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    is_plain = text.isascii() and text.isprintable() and not set(text) & set(' "<>\\?#@')
    return parts.scheme in ("http", "https") and has_host and is_plain
