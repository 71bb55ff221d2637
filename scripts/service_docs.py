"""Makes the pages of the service that come from data: its API, its settings, its errors.

Used by ``generate_docs.py``.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from pydantic.fields import FieldInfo

from facepad.service import config, operations
from facepad.service.app import create_app
from facepad.service.problems import KINDS
from facepad.service.services import Services
from facepad.service.state import open_state

Schema = Mapping[str, Any]
# The scope of each route; a test tries every key with every route.
SCOPE_OF: Mapping[str, str] = {
    "POST /v1/liveness/image": "liveness:write",
    "POST /v1/liveness/video": "liveness:write",
    "POST /v1/metrics": "metrics:write",
    "GET /v1/models": "models:read",
    "GET /v1/calibrations": "calibrations:read",
    "POST /v1/calibrations": "calibrations:write",
    "GET /v1/jobs/{job_id}": "jobs:read",
    "GET /metrics": "operations:read",
}
MULTIPART, JSON = "multipart/form-data", "application/json"
_BOUNDS = {
    "minimum": ">=",
    "exclusiveMinimum": ">",
    "maximum": "<=",
    "exclusiveMaximum": "<",
    "minItems": "items >=",
    "maxItems": "items <=",
    "pattern": "matches",
}


def openapi() -> dict[str, Any]:
    """Return the OpenAPI description of the service with default settings."""
    with tempfile.TemporaryDirectory() as folder:
        state = open_state(Path(folder))
        workers = cast("Any", None)  # no request is made
        app = create_app(Services.of(config.load({}), state, workers))
        description: dict[str, Any] = app.openapi()
        state.store.close()
    return description


def api_page(mark: str) -> str:
    """Return the page about the API."""
    api = openapi()
    lines = [
        f"<!-- {mark} -->",
        "# API of the service",
        "",
        "The running service shows this reference at `/docs`, with commands to copy, and the",
        "OpenAPI description at `/v1/openapi.json`. Start with the [quickstart](quickstart.md).",
        "",
        "- Send the API key as `Authorization: Bearer KEY`; `facepad service apikey create` makes",
        "  one.",
        "- Send media as `multipart/form-data`, or as base64 in JSON. The fields are the same; the",
        "  list `images` is the repeated part `image`, and `frames` is the repeated part `frame`.",
        "- Every answer has the header `X-Request-Id`; the log names requests by it.",
        "- An unknown field is an error (422) that lists the known ones, so that a misspelled",
        "  option does not go unnoticed.",
        "  Answers may get further fields at any time.",
        "- Errors are `application/problem+json` with a stable `code`; see [errors](#errors).",
        "",
        "| route | scope of the key | what it does |",
        "|---|---|---|",
        *(_row(name, operation) for name, operation in _operations(api)),
        f"| `GET /metrics` | `{operations.SCOPE}` | Metrics in Prometheus' text format; see "
        "[watch it](deployment.md#watch-it) |",
        "",
    ]
    for name, operation in _operations(api):
        lines += _section(api, name, operation)
    return "\n".join([*lines, *_errors()])


def settings_page(mark: str) -> str:
    """Return the page about the settings of the service."""
    fields = config.ServiceConfig.model_fields
    rows = [
        f"| `{config.variable(name)}` | {_default(field)} | {field.description} |"
        for name, field in fields.items()
    ]
    return "\n".join(
        [
            f"<!-- {mark} -->",
            "# Settings of the service",
            "",
            "Each setting is an environment variable, or a line of one TOML file that",
            f"`{config.FILE_VARIABLE}` names: there the name is in lower case without the prefix,",
            "as `workers = 4`. Options of `facepad serve` come before variables, variables before",
            "the file. Settings are checked at the start; an unknown name is an error.",
            "`facepad service check-config` prints the values in force, with passwords hidden.",
            "",
            "The [settings of facepad](../settings.md) hold as well, such as `FACEPAD_MODEL_DIR`.",
            "",
            "| variable | default | meaning |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "number of cores"
    value = field.default
    if isinstance(value, bool):
        return "`1`" if value else "`0`"
    text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return f"`{text}`" if text else "none"


def _operations(api: Schema) -> Iterator[tuple[str, Schema]]:
    for path, item in api["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def _row(name: str, operation: Schema) -> str:
    scope = SCOPE_OF.get(name)
    return f"| `{name}` | {f'`{scope}`' if scope else 'none'} | {operation['summary']} |"


def _section(api: Schema, name: str, operation: Schema) -> list[str]:
    """Return what is said of one route."""
    lines = [f"## {name}", "", f"{operation['summary']}.", ""]
    if parameters := operation.get("parameters"):
        lines += ["| parameter | in | meaning |", "|---|---|---|"]
        for one in parameters:
            words = one.get("description") or one["schema"].get("title", "")
            lines.append(f"| `{one['name']}` | {one['in']} | {words} |")
        lines.append("")
    content = operation.get("requestBody", {}).get("content", {})
    if JSON in content:
        lines += ["Fields of the request; those with a star are required:", ""]
        lines += _fields(api, content[JSON]["schema"], star="*")
    for status, answer in operation["responses"].items():
        shown = answer.get("content", {}).get(JSON)
        if status.startswith("2") and shown and "$ref" in shown.get("schema", {}):
            lines += [f"Fields of the answer ({status}):", "", *_fields(api, shown["schema"])]
    codes = [code for answer in operation["responses"].values() for code in _codes(answer)]
    own = sorted(set(codes) - set(_common(api)))
    if own:
        lines += [f"Errors of its own: {', '.join(f'`{code}`' for code in own)}.", ""]
    return lines


def _codes(answer: Schema) -> Sequence[str]:
    problem = answer.get("content", {}).get("application/problem+json", {})
    return list(problem.get("examples", {}))


def _common(api: Schema) -> list[str]:
    """Return the codes that every route of the API can answer."""
    every = [
        {code for answer in operation["responses"].values() for code in _codes(answer)}
        for name, operation in _operations(api)
        if " /v1/" in name
    ]
    return sorted(set.intersection(*every))


def _fields(api: Schema, schema: Schema, star: str = "") -> list[str]:
    """Return a table of the fields of a schema, with those of objects in them."""
    lines = ["| field | type | meaning |", "|---|---|---|"]
    return [*lines, *_rows(api, _resolved(api, schema), "", star), ""]


def _rows(api: Schema, schema: Schema, before: str, star: str) -> Iterator[str]:
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        choice = _resolved(api, _present(field))
        item = _resolved(api, choice.get("items", {}))
        kind = _kind(choice, item)
        needed = star if name in required else ""
        words = field.get("description") or choice.get("description", "")
        bounds = ", ".join(f"{_BOUNDS[k]} {v}" for k, v in choice.items() if k in _BOUNDS)
        default = f"Default: `{json.dumps(field['default'])}`." if field.get("default") else ""
        told = " ".join(part for part in (words, f"({bounds})" if bounds else "", default) if part)
        cell = told.replace("|", "\\|").replace("\n", " ")
        yield f"| `{before}{name}`{needed} | {kind} | {cell} |"
        inner = item if choice.get("type") == "array" else choice
        if inner.get("type") == "object" and inner.get("properties"):
            dots = f"{before}{name}[]." if choice.get("type") == "array" else f"{before}{name}."
            yield from _rows(api, inner, dots, star)


def _kind(choice: Schema, item: Schema) -> str:
    if "enum" in choice:
        return " or ".join(f"`{value}`" for value in choice["enum"])
    if "const" in choice:
        return f"`{choice['const']}`"
    if choice.get("type") == "array":
        return f"list of {_kind(item, {})}"
    encoded = "base64" if choice.get("contentEncoding") == "base64" else ""
    return str(encoded or choice.get("format") or choice.get("type", "any"))


def _present(field: Schema) -> Schema:
    """Return the schema of a field when it is not null."""
    choices = [one for one in field.get("anyOf", ()) if one.get("type") != "null"]
    return choices[0] if choices else field


def _resolved(api: Schema, schema: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    name = str(schema["$ref"]).rpartition("/")[2]
    found: Schema = api["components"]["schemas"][name]
    return found


def _errors() -> list[str]:
    rows = [f"| {kind.status} | `{code}` | {kind.title} | {kind.help} |"
            for code, kind in KINDS.items()]  # fmt: skip
    return [
        "## Advice",
        "",
        "`advice` of a reason is for the person before the camera, `operator_advice` for whoever",
        "runs the camera or the application: show the first, log the second. `document` holds the",
        "advice of the command line.",
        "",
        "## Errors",
        "",
        "Fields: `type` (address of a page about the code), `title`, `status`, `code`, `detail`,",
        "`instance`, `request_id` and `errors` (for 422: `pointer` and `message` of each field).",
        "No field repeats what was sent. 429 and 503 have the header `Retry-After`, in seconds.",
        "An address with a slash too many is `not_found`, not a redirect. What is not HTTP gets",
        "400 `malformed`, and the connection is closed. All bounds, with what is answered over",
        "them: [limits](limits.md#bounds-on-requests).",
        "",
        "| status | code | meaning | what to do |",
        "|---|---|---|---|",
        *rows,
        "",
    ]
