"""The Python interface: texts and lists of sentences, what comes back, what is refused."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pipeline import align_texts
from pipeline.errors import ConfigError

ENGLISH = "The ferry was late. We waited for an hour. Nobody complained."
GERMAN = "Die Fähre hatte Verspätung, und wir warteten eine Stunde. Niemand beschwerte sich."


def test_two_texts_are_split_and_aligned():
    beads = align_texts(ENGLISH, GERMAN, source_language="en", target_language="de")
    assert [bead.type for bead in beads] == ["2-1", "1-1"]
    assert beads[0].source == "The ferry was late. We waited for an hour."
    assert beads[-1].target == "Niemand beschwerte sich."


def test_lists_are_taken_as_sentences_and_empty_ones_as_positions():
    beads = align_texts(
        ["The ferry was late.", "", "Nobody complained."], ["Die Fähre kam zu spät.", "Niemand klagte."]
    )
    assert [(bead.source_start, bead.source_stop) for bead in beads] == [(0, 1), (1, 2), (2, 3)]
    assert [bead.type for bead in beads] == ["1-1", "1-0", "1-1"]


def test_a_trailing_empty_string_is_a_position_too():
    assert align_texts(["Yes.", ""], ["Ja."], source_language="en", target_language="de").source_sentences == [
        "Yes.",
        "",
    ]


def test_line_breaks_in_a_sentence_of_a_list_do_not_make_two():
    beads = align_texts(["The ferry\nwas late."], ["Die Fähre kam\r\nzu spät."])
    assert len(beads) == 1
    assert beads[0].source == "The ferry was late."


def test_languages_are_detected():
    beads = align_texts(ENGLISH, GERMAN)
    assert (beads.pair.source_language, beads.pair.target_language) == ("en", "de")


def test_the_result_prints_itself_side_by_side():
    beads = align_texts(ENGLISH, GERMAN, source_language="en", target_language="de")
    assert repr(beads) == "<Alignment en-de: 2 beads, 0 on one side only>"
    assert str(beads).splitlines()[1] == "1-1  Nobody complained.  |  Niemand beschwerte sich."


def test_the_result_is_a_sequence():
    beads = align_texts(ENGLISH, GERMAN, source_language="en", target_language="de")
    assert beads[0:2] == list(beads)
    with pytest.raises(IndexError):
        beads[2]


def test_the_result_becomes_a_data_frame():
    frame = align_texts(ENGLISH, GERMAN, source_language="en", target_language="de").to_pandas()
    assert list(frame["type"]) == ["2-1", "1-1"]
    assert frame.loc[1, "target"] == "Niemand beschwerte sich."


@pytest.mark.parametrize(("source", "target"), [("", GERMAN), ([], ["Ja."]), ("", "")])
def test_an_empty_side_leaves_only_null_beads(source, target):
    beads = align_texts(source, target, source_language="en", target_language="de")
    assert all(not bead.source for bead in beads)
    assert len(beads) == len(beads.target_sentences)


def test_bad_arguments_are_refused_by_name():
    with pytest.raises(ConfigError, match="german"):
        align_texts(ENGLISH, GERMAN, source_language="en", target_language="german")
    with pytest.raises(ValueError, match="max_beads"):
        align_texts(ENGLISH, GERMAN, max_beads=3)
    with pytest.raises(ValueError, match="language of the source can't be told"):
        align_texts("1 2 3", GERMAN)


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, pipeline; print({'numpy', 'numba', 'faiss', 'pydantic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_beads_tell_how_sure_they_are_and_the_result_whether_it_makes_sense():
    lines = ["It rained all night.", "The cat slept on the roof.", "Nobody saw the ship leave."] * 4
    german = ["Es regnete die ganze Nacht.", "Die Katze schlief auf dem Dach.", "Niemand sah das Schiff abfahren."] * 4
    found = align_texts(lines, german, source_language="en", target_language="de")
    assert all(bead.confidence is not None and 0.5 < bead.confidence <= 1 for bead in found)
    assert (found.verdict, bool(found.reason), found.quality is not None and 0 < found.quality <= 1) == (
        "ok",
        True,
        True,
    )
    assert align_texts(lines, lines, source_language="en", target_language="en").verdict == "partial"  # untranslated
    classic = align_texts(lines, german, source_language="en", target_language="de", method="bertalign")
    assert {bead.confidence for bead in classic} == {None}
    assert (classic.verdict, classic.quality) == (None, None)
