"""The page at /docs: what can be asked of the service, written from its OpenAPI description; it needs no script."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from stages.report.pages import asset

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The page loads nothing, and no other page can show it as its own."""


def render_docs(described: Mapping[str, Any]) -> str:
    """Write the page of what `FastAPI.openapi` has described."""
    operations = [
        {"method": method.upper(), "path": path, "id": f"{method}{path.replace('/', '-')}", **operation}
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    schemas = described["components"]["schemas"]
    return _template().render(
        info=described["info"], operations=operations, schemas=schemas, has_token="security" in described
    )


def type_name(schema: Mapping[str, Any]) -> Markup:
    """Say what values a schema allows, with links to those that have a name."""
    return Markup(" or ").join(_types(schema))


def _types(schema: Mapping[str, Any]) -> Iterator[Markup]:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        yield Markup('<a href="#{0}">{0}</a>').format(name)
    elif any(key in schema for key in ("anyOf", "oneOf", "allOf")):
        for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
            yield from _types(one)
    elif "enum" in schema or "const" in schema:
        yield escape(", ".join(json.dumps(one) for one in schema.get("enum", [schema.get("const")])))
    elif schema.get("type") == "array":
        yield Markup("list of ") + type_name(schema.get("items", {}))
    else:
        yield escape(schema.get("type", "anything")) + _bounds(schema)


def _bounds(schema: Mapping[str, Any]) -> Markup:
    named = {
        "minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most", "exclusiveMaximum": "less than",
        "minLength": "of at least", "maxLength": "of at most",
    }  # fmt: skip
    told = [f"{word} {schema[key]:,}" for key, word in named.items() if key in schema]
    return escape(f" ({', '.join(told)})") if told else Markup()


def content_types(content: Mapping[str, Any]) -> Markup:
    """Say in what form something is sent, and what it is."""
    return Markup("; ").join(
        Markup("<code>{}</code>: {}").format(Markup("/<wbr>").join(kind.split("/")), type_name(one.get("schema", {})))
        for kind, one in content.items()
    )


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("pipeline.service", ""), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"type_name": type_name, "content_types": content_types, "json": json.dumps}
    environment.globals["base_style"] = asset("base.css")
    return environment.get_template("docs.html.j2")
