"""Files of localisation, read by translate-toolkit: of PO, XLIFF and Qt's TS each language is a document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from pipeline.corpus.formats.codes import text_without_codes
from pipeline.corpus.formats.document import Note, Options, UnitTexts, load
from pipeline.corpus.formats.markup import parse_xml
from pipeline.corpus.languages import detect_language, is_near, parse_language
from pipeline.errors import ConfigError, DocumentError

SAMPLE_CHARS = 20_000
"""How much of a PO file is looked at to tell its languages, where it doesn't name them."""

MIN_CONFIDENCE = 0.6

_CHARSET = re.compile(r"(charset=)[\w.:-]+", re.IGNORECASE)

Read = Callable[[str, Options], Iterator[str | Note]]


class Texts(NamedTuple):
    """What a unit says in the two languages; several texts where it has forms for numbers."""

    source: list[str]
    target: list[str]


def read_xliff(text: str, options: Options) -> Iterator[UnitTexts | Note]:
    """Give the texts of one language of an XLIFF file, 1.2 or 2, as CAT tools write them."""
    root = parse_xml(text)  # without entities
    version = root.get("version") or ""
    module, name = ("xliff2", "Xliff2File") if version.startswith("2") else ("xliff", "xlifffile")
    store = _parse(module, name, text)
    units = [Texts(_of_node(unit, "source"), _of_node(unit, "target")) for unit in store.units]
    yield from _one_language(units, store.getsourcelanguage(), store.gettargetlanguage(), options)


def read_ts(text: str, options: Options) -> Iterator[UnitTexts | Note]:
    """Give the texts of one language of a TS file of Qt."""
    parse_xml(text)
    store = _parse("ts2", "tsfile", text)
    units = [Texts(_strings(unit.source), _strings(unit.target)) for unit in store.units if not unit.isobsolete()]
    yield from _one_language(units, store.getsourcelanguage(), store.gettargetlanguage(), options)


def read_po(text: str, options: Options) -> Iterator[UnitTexts | Note]:
    """Give the texts of one language of a PO file; translations that are marked as fuzzy are none."""
    store = _parse("po", "pofile", _CHARSET.sub(r"\1UTF-8", text))
    units = [
        Texts(_strings(unit.source), [] if unit.isfuzzy() else _strings(unit.target))
        for unit in store.units
        if not unit.isheader() and not unit.isobsolete() and not unit.isblank()
    ]
    source = store.getsourcelanguage() or _told([text for unit in units for text in unit.source])
    target = store.gettargetlanguage() or _told([text for unit in units for text in unit.target])
    yield from _one_language(units, source, target, options)


def read_values(module: str, name: str) -> Read:
    """Return the reader of a format whose files are in one language each: RESX, properties."""

    def read(text: str, options: Options) -> Iterator[str | Note]:
        del options
        if module == "resx":
            parse_xml(text)
        for unit in _parse(module, name, text).units:
            yield from _strings(unit.source)

    return read


def _parse(module: str, name: str, text: str) -> Any:
    kind = getattr(load(f"translate.storage.{module}", "files of localisation"), name)
    return kind.parsestring(text.encode())


def _one_language(
    units: list[Texts], source: str | None, target: str | None, options: Options
) -> Iterator[UnitTexts | Note]:
    """Give what units say in the language that is asked for, and say how many lack a translation."""
    tags = (_tag(source), _tag(target))
    sides = [side for side, tag in enumerate(tags) if tag and is_near(tag, options.language)]
    if not sides:
        there = " and ".join(filter(None, tags)) or "its languages are not named"
        raise DocumentError(f"holds nothing in {options.language!r}; it has {there}")
    side = next((side for side in sides if tags[side] == options.language), sides[0])
    for unit in units:
        yield UnitTexts(unit[side])
    if lacking := sum(not unit.target for unit in units):
        yield Note(f"{lacking:,} of its {len(units):,} units have no translation, or one that is marked as fuzzy")


def _tag(language: str | None) -> str:
    try:
        return parse_language(language) if language else ""
    except ConfigError:
        return str(language)


def _told(texts: list[str]) -> str | None:
    """Tell a language that is not named from what is said in it."""
    found = detect_language("\n".join(texts)[:SAMPLE_CHARS])
    return found.language if found.confidence >= MIN_CONFIDENCE else None


def _of_node(unit: Any, side: str) -> list[str]:
    node = unit.source_dom if side == "source" else unit.target_dom
    if node is None:
        return []
    return [text for text in [text_without_codes(node)] if text]


def _strings(value: Any) -> list[str]:
    """Return the texts of a unit: a string, or one for each form of a number."""
    if value is None:
        return []
    return [text for text in (str(one) for one in getattr(value, "strings", [value])) if text.strip()]
