"""The document at /docs/openapi.json, and the pages beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012, Draft202012Validator, Registry

from derailed.api import app, files
from derailed.api.docs import downloads, pages, parameters
from derailed.api.docs.document import document
from tests.api.door import Door, visit

DOCUMENT = document(app.ROUTES, pages.texts().values())
PAGES = ("", "/rest", "/tokens", "/permissions", "/limits", "/errors", "/files", "/links", "/gateway", "/api/messages")


def operations() -> Iterator[dict[str, Any]]:
    """All that can be asked."""
    for methods in DOCUMENT["paths"].values():
        yield from methods.values()


def within(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in it, and itself."""
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from within(each)


def test_every_route_and_every_method_is_in_the_document(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        told = json.loads((await door.client.get("/docs/openapi.json")).content)
        assert told == json.loads(json.dumps(DOCUMENT))
        served = {
            (f"/api/v10{parameters.template(path)}", str(method).lower())
            for route in app.ROUTES
            for path in route.paths
            for method in route.http_methods
        }
        listed = {(path, method) for path, methods in told["paths"].items() for method in methods}
        assert listed == served | {(path, "get") for path in downloads.PATHS}

    visit(tmp_path, story)


def test_every_file_in_the_document_is_one() -> None:
    image = {"image": "0.png", "filename": "a.txt"}
    for path in downloads.PATHS:
        assert files.is_file(re.sub(r"\{(\w+)\}", lambda name: image.get(name[1], "1"), path)), path


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for operation in operations()]
    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere() -> None:
    for each in within(DOCUMENT):
        if "$ref" in each:
            found: Any = DOCUMENT
            for step in each["$ref"].removeprefix("#/").split("/"):
                found = found[step]


def test_examples_are_as_their_schemas_say() -> None:
    place = "urn:derailed:api"
    registry, shown = Registry([(place, DOCUMENT)], draft=Draft202012), 0
    for operation in operations():
        told = [operation.get("requestBody", {}), *operation["responses"].values()]
        for content in (each for one in told for each in one.get("content", {}).values()):
            schema = json.loads(json.dumps(content["schema"]).replace('"#/', f'"{place}#/'))
            validator = Draft202012Validator(schema, registry=registry)
            for example in content.get("examples", {}).values():
                validator.validate(example["value"])
            shown += "requestBody" in operation and "examples" in content
    assert shown


def test_no_body_and_no_answer_is_of_any_type_whatever() -> None:
    for operation in operations():
        told = [operation.get("requestBody", {}), *operation["responses"].values()]
        schemas = [content["schema"] for each in told for content in each.get("content", {}).values()]
        assert all(schemas), operation["operationId"]


def test_ids_are_strings_in_answers_and_also_numbers_in_bodies() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["ChannelShape"]["properties"]["id"]["type"] == "string"
    sent = schemas["CreateChannel"]["properties"]["parent_id"]
    assert {each["type"] for each in within(sent) if "type" in each} == {"string", "integer", "null"}


def test_what_has_a_default_may_be_left_out_of_a_body_and_is_in_every_answer() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["CreateChannel"]["required"] == ["name"]
    assert "discriminator" in schemas["UserShape"]["required"]
    assert "bot" not in schemas["UserShape"]["required"]
    assert "title" in schemas["Embed"]["properties"]
    assert schemas["Embed"]["required"] == []
    for name, schema in schemas.items():
        if name.endswith(("Shape", "Reply")):
            assert not any(each["$ref"].endswith("Sent") for each in within(schema) if "$ref" in each), name


def test_queries_that_routes_read_themselves_are_told() -> None:
    (limit, *ids) = DOCUMENT["paths"]["/api/v10/channels/{channel_id}/messages"]["get"]["parameters"][1:]
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 50}
    assert [each["name"] for each in ids] == ["before", "after", "around"]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_needs_nothing_but_itself_and_a_style_sheet(tmp_path: Path, page: str) -> None:
    async def story(door: Door) -> None:
        answer = await door.client.get(f"/docs{page}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "<script" not in answer.text
        assert " style=" not in answer.text
        assert not re.search(r'(?:src|href)="https?:', answer.text)
        for link in set(re.findall(r'href="(/docs[^"#]*)', answer.text)):
            assert (await door.client.get(link)).status_code == 200, link

    visit(tmp_path, story)


def test_pages_are_packed_and_kept(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        answer = await door.client.get("/docs", headers={"accept-encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        again = await door.client.get("/docs", headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert (await door.client.head("/docs")).content == b""
        assert (await door.client.post("/docs")).status_code == 405

    visit(tmp_path, story)
