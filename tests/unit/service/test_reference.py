"""The API reference is made from any OpenAPI description, and takes nothing in it for markup."""

from typing import Any

from facepad.service.markup import Markup, element, joined
from facepad.service.reference import reference_page

URL = "http://localhost:8000"
SCHEMAS = {
    "Options": {
        "type": "object",
        "description": "What is asked.\n\n- one `thing`\n- another",
        "required": ["faces"],
        "properties": {
            "faces": {"enum": ["largest", "single"], "description": "Which <face>."},
            "size": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}], "default": 3},
            "boxes": {"type": "array", "items": {"$ref": "#/components/schemas/Box"}},
        },
    },
    "Box": {"type": "object", "properties": {"left": {"type": "number", "minimum": 0}}},
}
OPTIONS = {"$ref": "#/components/schemas/Options"}


def page(operation: dict[str, Any], method: str = "post") -> str:
    api = {
        "info": {"title": "facepad", "version": "1.2"},
        "paths": {"/v1/things/{id}": {method: operation}},
        "components": {"schemas": SCHEMAS},
    }
    return reference_page(api, URL)


def test_only_markup_is_left_unescaped() -> None:
    assert joined(["<b>", Markup("<i>")]) == "&lt;b&gt;<i>"
    assert element("a", {"href": '"x'}, "&") == '<a href="&quot;x">&amp;</a>'


def test_text_of_the_description_is_escaped() -> None:
    found = page({"summary": "<script>", "description": "a `<b>` c", "parameters": []})
    assert "<script>" not in found
    assert "&lt;script&gt;" in found
    assert "<code>&lt;b&gt;</code>" in found


def test_a_call_with_json_is_shown_as_a_command() -> None:
    content = {"application/json": {"schema": OPTIONS, "example": {"text": "it's"}}}
    found = page({"security": [{"key": []}], "requestBody": {"content": content}})
    assert "Bearer $FACEPAD_KEY" in found
    assert (
        f"&#x27;{{&quot;text&quot;: &quot;it&#x27;\\&#x27;&#x27;s&quot;}}&#x27; \\\n  {URL}"
        in found
    )


def test_a_form_is_shown_with_its_required_files() -> None:
    image = {"type": "array", "items": {"type": "string", "format": "binary"}}
    schema = {"properties": {"tests": {}, "image": image}, "required": ["image"]}
    content = {"multipart/form-data": {"schema": schema}}
    assert "-F image=@image.jpg \\\n" in page({"requestBody": {"content": content}})


def test_problems_are_gathered_and_a_route_names_those_of_its_own() -> None:
    def problem(code: str) -> dict[str, Any]:
        examples = {code: {"value": {"title": f"About {code}", "code": code}}}
        return {"content": {"application/problem+json": {"examples": examples}}}

    refusal: dict[str, Any] = {"401": problem("unauthenticated")}
    common: dict[str, Any] = {"security": [{"key": []}], "responses": refusal}
    own: dict[str, Any] = {**common, "responses": {**refusal, "409": problem("exists")}}
    found = reference_page({"paths": {"/a": {"get": common}, "/b": {"get": own}}}, URL)
    assert 'Problems: 409 <a href="#problem-exists">exists</a></p>' in found
    assert "About unauthenticated<small>any route with a key</small>" in found
    assert found.count("About exists") == 1


def test_fields_have_types_bounds_and_links_to_schemas() -> None:
    found = page({"responses": {"200": {"content": {"application/json": {"schema": OPTIONS}}}}})
    assert '<a href="#schema-Options">Options</a>' in found
    assert 'list of <a href="#schema-Box">Box</a>' in found
    assert "<code>&quot;largest&quot;</code>, <code>&quot;single&quot;</code>" in found
    assert "<small>required</small>" in found
    assert "integer or null<small>default 3</small>" in found
    assert "<li>one <code>thing</code>" in found


def test_parameters_and_examples_are_shown() -> None:
    parameter = {"name": "wait", "in": "query", "schema": {"type": "integer", "maximum": 25}}
    examples = {"done": {"summary": "Finished", "value": {"state": "done"}}}
    response = {"description": "The job.", "content": {"application/json": {"examples": examples}}}
    found = page({"parameters": [parameter], "responses": {"200": response}}, "get")
    assert "in the query, at most 25" in found
    assert "Example of an answer with status 200: Finished" in found
    assert "&quot;state&quot;: &quot;done&quot;" in found
    assert "curl \\\n" in found
