"""TMX translation memories, to be aligned anew: each of its languages is a document, each segment a paragraph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.corpus.formats.codes import text_without_codes
from pipeline.corpus.formats.document import Options, UnitTexts
from pipeline.corpus.formats.markup import parse_xml
from pipeline.corpus.languages import is_near, parse_language
from pipeline.errors import ConfigError, DocumentError

XML_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def read_tmx(text: str, options: Options) -> Iterator[UnitTexts]:
    """Give the segments of one language by units; a unit without it has none.

    A unit with several variants of the language (en-US and en-GB for "en") gives the exact one, else the first.
    """
    found: set[str] = set()
    n_segments = 0
    for unit in parse_xml(text).iter("{*}tu"):
        variants = {_language(variant): variant for variant in reversed(list(unit.iter("{*}tuv")))}
        found |= variants.keys()
        variant = variants.get(options.language)
        if variant is None:
            variant = _relative(variants, options.language)
        if variant is None:
            yield UnitTexts([])
            continue
        n_segments += 1
        yield UnitTexts([" ".join(text_without_codes(segment) for segment in variant.iter("{*}seg"))])
    if not n_segments:
        there = f"it has {', '.join(sorted(found))}" if found else "it has no units"
        raise DocumentError(f"holds nothing in {options.language!r}; {there}")


def _language(variant: Any) -> str:
    tag = variant.get(XML_LANGUAGE) or variant.get("lang") or ""
    try:
        return parse_language(tag)
    except ConfigError:
        return str(tag)


def _relative(variants: dict[str, Any], language: str) -> Any | None:
    """Return the first variant of a language that says less or more than was asked for: `en-US` for `en`."""
    near = [variant for tag, variant in variants.items() if is_near(tag, language)]
    return near[-1] if near else None
