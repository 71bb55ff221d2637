"""The API reference as one static HTML page, made from the OpenAPI description."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from facepad.service.markup import Markup, as_json, code, element, inline, joined, prose

Schema = Mapping[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
MULTIPART, JSON = "multipart/form-data", "application/json"
PROBLEM = "application/problem+json"
_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "over",
    "maximum": "at most",
    "exclusiveMaximum": "under",
    "minLength": "characters, at least",
    "maxLength": "characters, at most",
    "minItems": "items, at least",
    "maxItems": "items, at most",
    "pattern": "pattern",
}


def reference_page(api: Schema, address: str) -> str:
    """Return the page of an API.

    Args:
        api: The OpenAPI 3 description.
        address: Where the service is, for the commands; without a slash at the end.

    Returns:
        A whole HTML document without script.
    """
    operations = list(_operations(api))
    common = _common(api, operations)
    info = api.get("info", {})
    title = f"{info.get('title', 'API')} {info.get('version', '')}".strip()
    body = (
        _bar(),
        element(
            "div",
            {"class": "docs"},
            _contents(operations, api),
            element(
                "main",
                {"id": "main", "tabindex": "-1"},
                element("h1", {}, "API reference"),
                element("p", {"class": "help"}, title),
                prose(info.get("description", "")),
                _start(address),
                *(_operation(api, address, each, common) for each in operations),
                _all_problems(api, operations, common),
                _schemas(api),
            ),
        ),
    )
    head = Markup(
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, '
        'initial-scale=1"><meta name="color-scheme" content="light dark"><title>API reference - '
        'facepad</title><link rel="icon" href="/web/icon.svg" type="image/svg+xml">'
        '<link rel="stylesheet" href="/web/page.css"><link rel="stylesheet" href="/web/docs.css">'
    )
    page = element("html", {"lang": "en"}, element("head", {}, head), element("body", {}, *body))
    return f"<!doctype html>\n{page}\n"


def _bar() -> Markup:
    return Markup(
        '<a class="skip" href="#main">Skip to the content</a><header class="bar">'
        '<a class="brand" href="/try"><img src="/web/icon.svg" alt="" width="28" height="28">'
        'facepad</a><nav aria-label="Pages"><a href="/try">Try it</a>'
        '<a href="/docs" aria-current="page">API reference</a></nav></header>'
    )


_Operation = tuple[str, str, Schema]  # method, path, what OpenAPI has about it


def _operations(api: Schema) -> Iterator[_Operation]:
    for path, item in api.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def _anchor(method: str, path: str) -> str:
    return f"{method}-" + re.sub(r"\W+", "-", path).strip("-")


def _contents(operations: Sequence[_Operation], api: Schema) -> Markup:
    items = [element("li", {}, element("a", {"href": "#start"}, "Start"))]
    for method, path, _ in operations:
        link = element("a", {"href": f"#{_anchor(method, path)}"}, _method(method), " ", path)
        items.append(element("li", {}, link))
    if any(_problems(api, operation) for _, _, operation in operations):
        items.append(element("li", {}, element("a", {"href": "#problems"}, "Problems")))
    if api.get("components", {}).get("schemas"):
        items.append(element("li", {}, element("a", {"href": "#schemas"}, "Schemas")))
    return element(
        "nav", {"class": "contents", "aria-label": "Contents"}, element("ul", {}, *items)
    )


def _method(method: str) -> Markup:
    return element("span", {"class": f"method {method}"}, method.upper())


def _start(address: str) -> Markup:
    commands = (
        f"export FACEPAD_URL={address}\n"
        "export FACEPAD_KEY=fpk_...   # from: facepad service apikey create NAME\n"
        'curl -H "Authorization: Bearer $FACEPAD_KEY" -F image=@photo.jpg \\\n'
        "  $FACEPAD_URL/v1/liveness/image"
    )
    return element(
        "section",
        {"id": "start", "aria-labelledby": "start-title"},
        element("h2", {"id": "start-title"}, "Start"),
        prose(
            "Send the API key in the header `Authorization: Bearer KEY`. Every problem is a "
            "document of type `application/problem+json`; its field `code` is stable. Every answer "
            "has the header `X-Request-Id`."
        ),
        element(
            "p",
            {},
            "For programs: ",
            element("a", {"href": "/v1/openapi.json"}, "the OpenAPI description"),
            ".",
        ),
        code(commands, "Commands to start with"),
    )


def _operation(api: Schema, address: str, each: _Operation, common: frozenset[str]) -> Markup:
    method, path, operation = each
    anchor = _anchor(method, path)
    parts = [
        element(
            "h2",
            {"id": f"{anchor}-title"},
            _method(method),
            " ",
            element("code", {}, path),
        ),
        element("p", {"class": "strong"}, operation.get("summary", "")),
        prose(operation.get("description", "")),
        _parameters(api, operation),
        *_bodies(api, operation),
        code(_command(api, address, each), f"Command for {path}"),
        _responses(api, operation, common),
    ]
    return element("section", {"id": anchor, "aria-labelledby": f"{anchor}-title"}, *parts)


def _parameters(api: Schema, operation: Schema) -> Markup:
    rows = [
        _row(
            each["name"],
            each.get("schema", {}),
            each.get("description", ""),
            "required" if each.get("required") else "",
            f"in the {each['in']}",
        )
        for each in (_resolved(api, one) for one in operation.get("parameters", ()))
    ]
    return _fields("Parameters", rows)


def _bodies(api: Schema, operation: Schema) -> Iterator[Markup]:
    """Yield the forms of a body; all but the first, a form with files, are folded."""
    content = operation.get("requestBody", {}).get("content", {})
    for number, (kind, media) in enumerate(sorted(content.items(), key=lambda one: one[0] == JSON)):
        title = joined(("Body as ", element("code", {}, kind)))
        parts = [_fields("", list(_properties(api, media.get("schema", {}))))]
        parts += [
            code(as_json(each), f"Example of a body{name}") for name, each in _examples(media)
        ]
        if number:
            yield element("details", {}, element("summary", {}, title), *parts)
        else:
            yield joined((element("h3", {}, title), *parts))


def _responses(api: Schema, operation: Schema, common: frozenset[str]) -> Markup:
    """Return the answers: those that are no problems in full, the others by their codes."""
    parts = [element("h3", {}, "Answers")]
    for status, response in operation.get("responses", {}).items():
        found = _resolved(api, response)
        if PROBLEM in found.get("content", {}):
            continue
        words = inline(found.get("description", ""))
        status_line = (element("b", {}, status), " ", words, *_schema_links(found))
        parts.append(element("p", {"class": "status"}, *status_line))
        for media in found.get("content", {}).values():
            parts += [
                code(as_json(example), f"Example of an answer with status {status}{name}")
                for name, example in _examples(media)
            ]
    own = {code: each for code, each in _problems(api, operation).items() if code not in common}
    if own:
        codes = (
            joined((each["status"], " ", element("a", {"href": f"#problem-{code}"}, code)))
            for code, each in sorted(own.items(), key=lambda one: one[1]["status"])
        )
        parts.append(element("p", {"class": "status"}, "Problems: ", Markup(", ".join(codes))))
    return joined(parts)


def _problems(api: Schema, operation: Schema) -> dict[str, dict[str, Any]]:
    """Return the problems that an operation may answer: status, title and example by code."""
    problems = {}
    for status, response in operation.get("responses", {}).items():
        media = _resolved(api, response).get("content", {}).get(PROBLEM, {})
        for name, example in media.get("examples", {}).items():
            value = example.get("value", {})
            problems[name] = {"status": status, "title": value.get("title", ""), "example": value}
    return problems


def _common(api: Schema, operations: Sequence[_Operation]) -> frozenset[str]:
    """Return the codes of problems that every operation with a key may answer."""
    with_key = [each for _, _, each in operations if _needs_key(api, each)]
    codes = [frozenset(_problems(api, each)) for each in with_key]
    return frozenset.intersection(*codes) if codes else frozenset()


def _needs_key(api: Schema, operation: Schema) -> bool:
    return bool(operation.get("security", api.get("security")))


def _all_problems(api: Schema, operations: Sequence[_Operation], common: frozenset[str]) -> Markup:
    problems: dict[str, dict[str, Any]] = {}
    for _, _, operation in operations:
        problems |= _problems(api, operation)
    if not problems:
        return Markup("")
    rows = [
        element(
            "tr",
            {"id": f"problem-{code}"},
            element("th", {"scope": "row"}, element("code", {}, code)),
            element("td", {}, each["status"]),
            element(
                "td",
                {},
                each["title"],
                element("small", {}, "any route with a key" if code in common else ""),
            ),
        )
        for code, each in sorted(problems.items(), key=lambda one: one[1]["status"])
    ]
    example = next(iter(problems.values()))["example"]
    return element(
        "section",
        {"id": "problems", "aria-labelledby": "problems-title"},
        element("h2", {"id": "problems-title"}, "Problems"),
        _table(("Code", "Status", "Meaning"), rows, "Problems"),
        code(as_json(example), "Example of a problem"),
    )


def _schema_links(response: Schema) -> Iterator[str]:
    for media in response.get("content", {}).values():
        if media.get("schema"):
            yield from (" ", _type(media["schema"]))


def _schemas(api: Schema) -> Markup:
    schemas = api.get("components", {}).get("schemas", {})
    if not schemas:
        return Markup("")
    parts: list[str] = [element("h2", {"id": "schemas-title"}, "Schemas")]
    for name, schema in schemas.items():
        parts.append(element("h3", {"id": f"schema-{name}"}, element("code", {}, name)))
        parts.append(prose(schema.get("description", "")))
        if "enum" in schema:
            parts.append(element("p", {}, "One of: ", _values(schema["enum"])))
        parts.append(_fields("", list(_properties(api, schema))))
    return element("section", {"id": "schemas", "aria-labelledby": "schemas-title"}, *parts)


def _properties(api: Schema, schema: Schema) -> Iterator[Markup]:
    found = _resolved(api, schema)
    required = found.get("required", ())
    for name, each in found.get("properties", {}).items():
        yield _row(name, each, each.get("description", ""), "required" if name in required else "")


def _row(name: str, schema: Schema, about: str, *facts: str) -> Markup:
    aside = ", ".join(part for part in (*facts, _bounds(schema)) if part)
    return element(
        "tr",
        {},
        element("th", {"scope": "row"}, element("code", {}, name)),
        element("td", {}, _type(schema), element("small", {}, aside) if aside else ""),
        element("td", {}, inline(about)),
    )


def _fields(title: str, rows: Sequence[Markup]) -> Markup:
    if not rows:
        return Markup("")
    table = _table(("Name", "Type", "Meaning"), rows, title or "Fields")
    return joined((element("h3", {}, title) if title else "", table))


def _table(titles: Sequence[str], rows: Sequence[Markup], label: str) -> Markup:
    columns = (element("th", {"scope": "col"}, title) for title in titles)
    head, body = element("thead", {}, element("tr", {}, *columns)), element("tbody", {}, *rows)
    scroll = {"class": "fields", "role": "group", "aria-label": label, "tabindex": "0"}
    return element("div", scroll, element("table", {}, head, body))


def _type(schema: Schema) -> Markup:
    """Return the type of a value in words, with links to the schemas."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return element("a", {"href": f"#schema-{name}"}, name)
    if "const" in schema:
        return _values([schema["const"]])
    if "enum" in schema:
        return _values(schema["enum"])
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return Markup(" or ".join(_type(each) for each in schema[several]))
    kind = schema.get("type", "any value")
    if kind == "array":
        return joined(("list of ", _type(schema.get("items", {}))))
    form = schema.get("format") or schema.get("contentMediaType")
    return joined((str(kind), f" ({form})" if form else ""))


def _values(values: Sequence[object]) -> Markup:
    return Markup(", ".join(element("code", {}, json.dumps(value)) for value in values))


def _bounds(schema: Schema) -> str:
    parts = [f"{words} {schema[key]}" for key, words in _BOUNDS.items() if key in schema]
    if schema.get("default") is not None:
        parts.append(f"default {json.dumps(schema['default'])}")
    return ", ".join(parts)


def _resolved(api: Schema, schema: Schema) -> Schema:
    """Follow references within the document."""
    while "$ref" in schema:
        found: Any = api
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def _examples(media: Schema) -> Iterator[tuple[str, Any]]:
    if "example" in media:
        yield "", media["example"]
    for name, each in media.get("examples", {}).items():
        yield f": {each.get('summary', name)}", each.get("value")


def _command(api: Schema, address: str, each: _Operation) -> str:
    """Return the call as a curl command."""
    method, path, operation = each
    parts = ["curl"] if method == "get" else [f"curl -X {method.upper()}"]
    if _needs_key(api, operation):
        parts.append('-H "Authorization: Bearer $FACEPAD_KEY"')
    content = operation.get("requestBody", {}).get("content", {})
    if MULTIPART in content:
        schema = _resolved(api, content[MULTIPART].get("schema", {}))
        parts += [f"-F {name}=@{name}.{_suffix(name)}" for name in _files(schema)]
    elif JSON in content:
        body: Any = next((each for _, each in _examples(content[JSON])), {})
        quoted = json.dumps(body).replace("'", "'\\''")
        parts += ["-H 'Content-Type: application/json'", f"-d '{quoted}'"]
    return " \\\n  ".join([*parts, f"{address}{path}"])


def _files(schema: Schema) -> list[str]:
    """Return the fields of a form that hold a file: the required ones, or the first."""
    files = [name for name, each in schema.get("properties", {}).items() if _is_file(each)]
    return [name for name in files if name in schema.get("required", ())] or files[:1]


def _is_file(schema: Schema) -> bool:
    kind = schema.get("items", schema)
    return kind.get("format") == "binary" or "contentMediaType" in kind


def _suffix(name: str) -> str:
    return "mp4" if "video" in name or "clip" in name else "jpg"
