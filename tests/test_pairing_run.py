"""Documents that nobody has paired: by what they say, by names that agree in part, and two languages in one file."""

from __future__ import annotations

import contextlib
import csv
from pathlib import Path
from typing import NamedTuple

import pytest
from small_corpus import InlineBackend
from small_corpus import bitext as run_bitext

from pipeline.corpus.groups import group_by
from pipeline.manifest import Document

ENGLISH = {
    "bread": "Mix flour and water. Knead the dough for ten minutes. Bake the bread in a hot oven.",
    "ship": "The ship left the harbour at dawn. A storm broke the mast. The sailors were rescued by a fisherman.",
    "law": "The court rejected the appeal. The company must pay a fine. The judge gave no further reasons.",
    "garden": "Plant the roses in spring. Water them every evening. Cut the old branches in autumn.",
}
GERMAN = {
    "bread": "Mehl und Wasser mischen. Den Teig zehn Minuten kneten. Das Brot in einem heißen Ofen backen.",
    "ship": "Das Schiff verließ den Hafen im Morgengrauen. Ein Sturm brach den Mast. Ein Fischer rettete die Matrosen.",
    "law": "Das Gericht wies die Berufung ab. Die Firma muss eine Strafe zahlen. Der Richter nannte keine Gründe.",
    "stars": "Die Sterne sind sehr weit entfernt. Ihr Licht ist viele Jahre unterwegs. Wir sehen ihre Vergangenheit.",
}
CONFIG = """
name = "pot"
[corpus]
source = "en/*.txt"
target = "de/*.txt"
source_language = "en"
target_language = "de"
{corpus}
[encode]
encoder = "use-multilingual"
"""


LONE = "Auf dem Dach des alten Hauses nisten seit vielen Jahren zwei Störche."

PAIRS = [("en/x1.txt", "de/k.txt"), ("en/x2.txt", "de/l.txt"), ("en/x3.txt", "de/m.txt")]


class Ended(NamedTuple):
    """What a command has printed, and how it ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture(autouse=True)
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no process be started for a few sentences."""
    monkeypatch.setattr("pipeline.commands.options.LocalBackend", InlineBackend)


def bitext(*arguments: object, cwd: Path) -> Ended:
    with contextlib.chdir(cwd):
        result = run_bitext(*map(str, arguments))
    return Ended(result.exit_code, result.stdout, result.stderr)


def write_documents(folder: Path, texts: dict[str, str], names: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    for key, text in texts.items():
        (folder / f"{names[key]}.txt").write_text(text.replace(". ", ".\n") + "\n", encoding="utf-8")


@pytest.fixture
def pot(tmp_path: Path) -> Path:
    write_documents(tmp_path / "en", ENGLISH, {"bread": "x1", "ship": "x2", "law": "x3", "garden": "x4"})
    write_documents(tmp_path / "de", GERMAN, {"bread": "k", "ship": "l", "law": "m", "stars": "n"})
    (tmp_path / "pot.toml").write_text(CONFIG.format(corpus='pairing = "content"'))
    return tmp_path


def rows_of(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_documents_are_paired_by_what_they_say(pot: Path) -> None:
    result = bitext("run", "pot.toml", "--store", "store", "--out", "out", cwd=pot)
    assert result.returncode == 0, result.stderr
    rows = rows_of(pot / "out" / "pairs.tsv")
    pairs = [row for row in rows if row["is_pair"] == "yes"]
    assert [(row["source_path"], row["target_path"]) for row in pairs] == PAIRS
    assert all(float(row["confidence"]) >= 0.5 and row["reason"] == "they say the same" for row in pairs)
    assert [row["reason"].partition(":")[0] for row in rows if row not in pairs] == [
        "en/x4.txt stays alone",
        "de/n.txt stays alone",
    ]
    assert "2 documents without a counterpart, such as " in result.stderr
    assert "3 of 3 pairs aligned" in result.stdout


def test_the_table_of_pairs_is_a_manifest(pot: Path) -> None:
    assert bitext("run", "pot.toml", "--store", "store", "--out", "out", cwd=pot).returncode == 0
    (pot / "again.toml").write_text(
        'name = "again"\n[corpus]\nmanifest = "out/pairs.tsv"\n[encode]\nencoder = "use-multilingual"\n'
    )
    assert bitext("run", "again.toml", "--store", "store", "--out", "again", cwd=pot).returncode == 0
    assert (pot / "again" / "bitext.tsv").read_bytes() == (pot / "out" / "bitext.tsv").read_bytes()


def test_a_run_with_nothing_new_gives_the_same(pot: Path) -> None:
    command = ("run", "pot.toml", "--store", "store", "--out", "out")
    assert bitext(*command, cwd=pot).returncode == 0
    before = {path.name: path.read_bytes() for path in (pot / "out").glob("*.tsv")}
    again = bitext(*command, cwd=pot)
    assert again.returncode == 0
    assert "encode  nothing to do" in again.stderr
    assert "3 pairs found by what documents say (nothing new)" in again.stderr
    assert "are compared" not in again.stderr
    assert {path.name: path.read_bytes() for path in (pot / "out").glob("*.tsv")} == before


RUN = ("run", "pot.toml", "--store", "store", "--out", "out")
STATUS = ("status", "pot.toml", "--store", "store")


def add(pot: Path, language: str, name: str, *sentences: str) -> None:
    (pot / language / f"{name}.txt").write_text("\n".join(sentences) + "\n", encoding="utf-8")


def pairs_of(table: Path) -> list[tuple[str, str]]:
    return [(row["source_path"], row["target_path"]) for row in rows_of(table) if row["is_pair"] == "yes"]


def test_a_new_document_finds_the_one_that_was_alone(pot: Path) -> None:
    assert bitext(*RUN, cwd=pot).returncode == 0
    add(pot, "de", "z", "Die Rosen im Frühling pflanzen.", "Jeden Abend gießen.", "Alte Zweige im Herbst abschneiden.")
    result = bitext(*RUN, cwd=pot)
    assert result.returncode == 0, result.stderr
    assert pairs_of(pot / "out" / "pairs.tsv") == [*PAIRS, ("en/x4.txt", "de/z.txt")]
    assert "4 pairs found by what documents say (4 compared)" in result.stderr  # not all of them again
    (pot / "de" / "z.txt").unlink()
    assert bitext(*RUN, cwd=pot).returncode == 0
    assert pairs_of(pot / "out" / "pairs.tsv") == PAIRS


def test_a_record_that_is_damaged_is_made_again(pot: Path) -> None:
    assert bitext(*RUN, cwd=pot).returncode == 0
    before = (pot / "out" / "pairs.tsv").read_bytes()
    for path in (pot / "store" / "runs" / "pot.documents" / "pairing").iterdir():
        path.write_bytes(path.read_bytes()[:50])
    result = bitext(*RUN, cwd=pot)
    assert result.returncode == 0, result.stderr
    assert "(16 compared)" in result.stderr
    assert (pot / "out" / "pairs.tsv").read_bytes() == before


def test_a_copy_is_told_and_left_out(pot: Path) -> None:
    (pot / "de" / "copy.txt").write_bytes((pot / "de" / "l.txt").read_bytes())
    add(pot, "de", "near", *GERMAN["law"].replace("keine", "gar keine").split(". "))
    result = bitext(*RUN, cwd=pot)
    assert result.returncode == 0, result.stderr
    pairs = pairs_of(pot / "out" / "pairs.tsv")
    assert [source for source, _ in pairs] == ["en/x1.txt", "en/x2.txt", "en/x3.txt"]
    reasons = {row["target_path"]: row["reason"] for row in rows_of(pot / "out" / "pairs.tsv")}
    assert {reasons["de/copy.txt"], reasons["de/l.txt"]} == {"the same text as de/copy.txt", "they say the same"} or (
        reasons["de/copy.txt"] == "the same text as de/l.txt"
    )
    assert "left out as copies" in result.stderr


def test_status_speaks_of_documents_until_the_pairs_are_known(pot: Path) -> None:
    before = bitext(*STATUS, cwd=pot).stdout
    for line, stage in zip(before.splitlines(), ("split ", "encode"), strict=False):
        assert line.startswith(f"{stage}  0 of 8 documents done, ")
        assert line.endswith(" characters to go")
    assert "pair    to do: which documents belong together isn't known yet" in before
    assert bitext(*RUN, "--dry-run", cwd=pot).stdout == before
    assert not (pot / "out").exists()
    assert bitext(*RUN, cwd=pot).returncode == 0
    assert bitext(*STATUS, cwd=pot).stdout.splitlines() == [
        "split   8 of 8 documents done",
        "encode  8 of 8 documents done",
        "pair    done: 3 pairs found by what documents say",
        "align   3 of 3 pairs done",
    ]
    add(pot, "en", "x5", "Something new.")
    assert "pair    to do" in bitext(*STATUS, cwd=pot).stdout


def test_a_stage_is_done_alone(pot: Path) -> None:
    too_early = bitext(*RUN, "--stage", "align", cwd=pot)
    assert too_early.returncode == 1
    assert "the documents have not been paired as they are now: run without --stage" in too_early.stderr
    assert bitext(*RUN, "--stage", "split", cwd=pot).returncode == 0
    assert "encode  0 of 8" in bitext(*STATUS, cwd=pot).stdout
    assert bitext(*RUN, "--stage", "encode", cwd=pot).returncode == 0
    assert "encode  8 of 8" in bitext(*STATUS, cwd=pot).stdout
    assert not (pot / "out" / "pairs.tsv").exists()
    assert bitext(*RUN, cwd=pot).returncode == 0
    assert bitext(*RUN, "--stage", "align", cwd=pot).returncode == 0


def test_documents_on_the_volume_are_paired_there(pot: Path) -> None:
    (pot / "store").mkdir()
    for language in ("en", "de"):
        (pot / language).rename(pot / "store" / language)
    config = (pot / "pot.toml").read_text().replace('"en/*', '"volume:en/*').replace('"de/*', '"volume:de/*')
    (pot / "pot.toml").write_text(config)
    result = bitext(*RUN, cwd=pot)
    assert result.returncode == 0, result.stderr
    assert pairs_of(pot / "out" / "pairs.tsv") == PAIRS
    assert (pot / "store" / "runs" / "pot" / "pairs.tsv").read_bytes() == (pot / "out" / "pairs.tsv").read_bytes()
    assert "align   3 of 3 pairs done" in bitext(*STATUS, cwd=pot).stdout


def test_documents_of_all_languages_in_one_pot_are_told_apart(tmp_path: Path) -> None:
    names = {"bread": "1", "ship": "2", "law": "3"}
    write_documents(tmp_path / "pot", {key: ENGLISH[key] for key in names}, names)
    for number, key in enumerate(names):
        add(tmp_path, "pot", f"a{number}", *GERMAN[key].split(". "))
    add(tmp_path, "pot", "b", "Le bateau a quitté le port à l'aube.", "Une tempête a brisé le mât.")
    add(tmp_path, "pot", "c", "12345 67890")
    config = CONFIG.format(corpus='pairing = "content"\nmin_language_confidence = 0.2').replace('"en"', '"auto"')
    config = config.replace('"de"', '"auto"').replace("en/*", "pot/*").replace("de/*", "pot/*")
    (tmp_path / "pot.toml").write_text(config)
    result = bitext(*RUN, cwd=tmp_path)
    assert result.returncode == 3, result.stderr
    assert pairs_of(tmp_path / "out" / "pairs.tsv") == [(f"pot/a{n}.txt", f"pot/{n + 1}.txt") for n in range(3)]
    assert [row["reason"] for row in rows_of(tmp_path / "out" / "pairs.tsv")][3:] == [
        "pot/b.txt stays alone: it is in fr, which isn't paired"
    ]
    assert (tmp_path / "out" / "failures.tsv").read_text().count("its language can't be told") == 1


def test_documents_in_a_bucket_are_refused_here_and_it_is_said_where_they_can_be_read(
    pot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.corpus.intake.BUCKET_FOLDER", pot / "nowhere")
    config = (pot / "pot.toml").read_text().replace('"en/*', '"bucket:en/*').replace('"de/*', '"bucket:de/*')
    (pot / "pot.toml").write_text(config)
    for command in (RUN, STATUS):
        result = bitext(*command, cwd=pot)
        assert result.returncode == 2
        assert "only rented machines can read: modal run -m pipeline.run" in result.stderr


def test_documents_of_one_sentence_are_paired_where_they_say_the_same_and_only_then(tmp_path: Path) -> None:
    for name, german in (("same", "Die Versammlung wurde auf den nächsten Dienstag verschoben."), ("other", LONE)):
        write_documents(tmp_path / name / "en", {"x": "The meeting has been postponed to next Tuesday."}, {"x": "x"})
        write_documents(tmp_path / name / "de", {"y": german}, {"y": "y"})
        (tmp_path / name / "pot.toml").write_text(CONFIG.format(corpus='pairing = "content"'))
    assert bitext(*RUN, cwd=tmp_path / "same").returncode == 0
    assert pairs_of(tmp_path / "same" / "out" / "pairs.tsv") == [("en/x.txt", "de/y.txt")]
    assert "no two of 2 documents belong together" in bitext(*RUN, cwd=tmp_path / "other").stderr


# ---- bad input


def refused(pot: Path, *removed: str) -> str:
    for name in removed:
        for path in (pot / name).iterdir():
            path.unlink()
    result = bitext(*RUN, cwd=pot)
    assert result.returncode == 2
    return result.stderr


def test_one_language_only_is_refused(pot: Path) -> None:
    assert "no two of 4 documents belong together" in refused(pot, "de")
    rows = rows_of(pot / "out" / "pairs.tsv")
    assert {row["reason"].partition(": ")[2] for row in rows} == {"there was nothing to compare it with"}


def test_one_language_that_is_detected_is_refused(pot: Path) -> None:
    config = (pot / "pot.toml").read_text().replace('"en"', '"auto"').replace('"de"', '"auto"')
    (pot / "pot.toml").write_text(config.replace("[encode]", "min_language_confidence = 0.1\n[encode]"))
    for path in (pot / "de").iterdir():
        path.write_text(ENGLISH["ship"], encoding="utf-8")
    assert "all documents are in en; there is nothing to pair" in refused(pot)


def test_empty_documents_stay_alone(pot: Path) -> None:
    for language in ("en", "de"):
        (pot / language / "empty.txt").write_text("")
        (pot / language / "blank.txt").write_text("\n \n")
    result = bitext(*RUN, cwd=pot)
    assert result.returncode == 0, result.stderr
    assert pairs_of(pot / "out" / "pairs.tsv") == PAIRS
    reasons = [row["reason"] for row in rows_of(pot / "out" / "pairs.tsv")]
    assert sum("there was nothing to compare it with" in reason for reason in reasons) >= 2


def test_only_empty_documents_are_refused(pot: Path) -> None:
    for path in (*(pot / "en").iterdir(), *(pot / "de").iterdir()):
        path.write_text("")
    assert "belong together by what they say" in refused(pot)


def test_where_everything_is_identical_it_is_paired_once(pot: Path) -> None:
    for language, texts in (("en", ENGLISH), ("de", GERMAN)):
        for path in (pot / language).iterdir():
            path.write_text(texts["ship"], encoding="utf-8")
    result = bitext(*RUN, cwd=pot)
    assert result.returncode == 0, result.stderr
    rows = rows_of(pot / "out" / "pairs.tsv")
    assert [row["is_pair"] for row in rows].count("yes") == 1
    assert sum("the same text as" in row["reason"] for row in rows) == 6


def document_at(path: str, language: str) -> Document:
    return Document("", language, False, 0, path)


def test_documents_are_grouped_by_domain_folder_or_a_part_of_the_path() -> None:
    by_domain = group_by("domain")
    addresses = [
        ("pages.jsonl#https://www.example.org/en/about", "en"),
        ("pages.jsonl#http://de.example.org", "de"),
        ("crawl/example.org/de/ueber.html", "de"),
    ]
    assert {by_domain(document_at(*one)) for one in addresses} == {"example.org"}
    assert by_domain(document_at("crawl/other.org/a.html", "de")) == "other.org"
    assert by_domain(document_at("de/book.txt", "de")) == ""
    by_folder = group_by("folder")
    assert by_folder(document_at("en/laws/2024/a.txt", "en")) == by_folder(document_at("de/laws/2024/b.txt", "de"))
    assert by_folder(document_at("en/laws/2024/a.txt", "en")) != by_folder(document_at("de/laws/2023/b.txt", "de"))
    by_part = group_by("/([a-z]+)[.]")
    assert [by_part(document_at(path, "en")) for path in ("en/a.txt", "en/1.txt")] == ["a", ""]


@pytest.mark.parametrize(("group", "n_pairs"), [("folder", 2), ("domain", 3), ("/([a-z]+)[.]", 0), (None, 3)])
def test_counterparts_are_sought_within_a_group(tmp_path: Path, group: str | None, n_pairs: int) -> None:
    places = {"bread": ("kitchen/a", "kitchen/q"), "ship": ("sea/b", "sea/r"), "law": ("court/c", "sea/s")}
    for key, (one, other) in places.items():
        for language, name, text in (("en", one, ENGLISH[key]), ("de", other, GERMAN[key])):
            path = tmp_path / language / f"{name}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace(". ", ".\n") + "\n", encoding="utf-8")
    said = f"[pairing]\ngroup = '{group}'\n" if group else ""
    config = CONFIG.format(corpus='pairing = "content"').replace("/*.txt", "/**/*.txt") + said
    (tmp_path / "pot.toml").write_text(config)
    result = bitext(*RUN, cwd=tmp_path)
    assert result.returncode == (0 if n_pairs else 2), result.stderr
    assert len(pairs_of(tmp_path / "out" / "pairs.tsv")) == n_pairs


def test_a_group_that_is_none_is_refused(pot: Path) -> None:
    for group, message in (("host", "it must be"), ("a(b", "is no regular expression")):
        (pot / "bad.toml").write_text((pot / "pot.toml").read_text() + f'[pairing]\ngroup = "{group}"\n')
        result = bitext("run", "bad.toml", "--store", "store", cwd=pot)
        assert result.returncode == 2
        assert message in result.stderr


def test_strangers_are_refused_with_what_to_do(tmp_path: Path) -> None:
    write_documents(tmp_path / "en", {"garden": ENGLISH["garden"]}, {"garden": "a"})
    write_documents(tmp_path / "de", {"stars": GERMAN["stars"]}, {"stars": "b"})
    (tmp_path / "pot.toml").write_text(CONFIG.format(corpus='pairing = "content"'))
    result = bitext("run", "pot.toml", "--store", "store", "--out", "out", cwd=tmp_path)
    assert result.returncode == 2
    assert "no two of 2 documents belong together" in result.stderr
    assert "min_confidence" in result.stderr
    nearest = rows_of(tmp_path / "out" / "pairs.tsv")
    assert [row["is_pair"] for row in nearest] == ["no", "no"]
    assert {(row["source_path"], row["target_path"]) for row in nearest} == {("en/a.txt", "de/b.txt")}
    assert all(float(row["score"]) < 0.5 and "not near enough" in row["reason"] for row in nearest)


def test_a_person_may_say_yes_in_the_table(tmp_path: Path) -> None:
    write_documents(tmp_path / "en", {"garden": ENGLISH["garden"]}, {"garden": "a"})
    write_documents(tmp_path / "de", {"stars": GERMAN["stars"]}, {"stars": "b"})
    (tmp_path / "pot.toml").write_text(CONFIG.format(corpus='pairing = "content"'))
    assert bitext("run", "pot.toml", "--store", "store", "--out", "out", cwd=tmp_path).returncode == 2
    table = tmp_path / "out" / "pairs.tsv"
    (tmp_path / "mine.tsv").write_text(table.read_text().replace("\tno\t", "\tyes\t", 1))
    manifest = 'name = "mine"\n[corpus]\nmanifest = "mine.tsv"\n[encode]\nencoder = "use-multilingual"\n'
    (tmp_path / "mine.toml").write_text(manifest)
    result = bitext("run", "mine.toml", "--store", "store", "--out", "mine", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert {row["pair_id"] for row in rows_of(tmp_path / "mine" / "bitext.tsv")} == {"en/a.txt"}


def test_names_that_agree_in_part_are_told(tmp_path: Path) -> None:
    keys = ("bread", "ship")
    write_documents(tmp_path / "en", {key: ENGLISH[key] for key in keys}, {"bread": "01 Bread", "ship": "02 Ship"})
    write_documents(tmp_path / "de", {key: GERMAN[key] for key in keys}, {"bread": "1 Brot", "ship": "2 Schiff"})
    (tmp_path / "pot.toml").write_text(CONFIG.format(corpus=""))
    result = bitext("run", "pot.toml", "--store", "store", "--out", "out", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "2 pairs found by the same numbers, such as en/01 Bread.txt with de/1 Brot.txt" in result.stderr
    ids = {row["pair_id"] for row in rows_of(tmp_path / "out" / "bitext.tsv")}
    assert ids == {"01 Bread", "02 Ship"}


def test_names_that_do_not_tell_are_listed(tmp_path: Path) -> None:
    write_documents(tmp_path / "en", {"bread": "A.", "ship": "B."}, {"bread": "book.en", "ship": "book_en"})
    write_documents(tmp_path / "de", {"bread": "A."}, {"bread": "book.de"})
    (tmp_path / "pot.toml").write_text(CONFIG.format(corpus=""))
    result = bitext("run", "pot.toml", "--store", "store", cwd=tmp_path)
    assert result.returncode == 2
    assert "book.en or book_en may belong to book.de: their names don't tell" in result.stderr


def test_two_folders_are_aligned_into_a_folder(tmp_path: Path) -> None:
    keys = ("bread", "ship")
    write_documents(tmp_path / "en", {key: ENGLISH[key] for key in keys}, {"bread": "bread.en", "ship": "ship.en"})
    write_documents(tmp_path / "de", {key: GERMAN[key] for key in keys}, {"bread": "bread.de", "ship": "ship.de"})
    languages = ("--source-language", "en", "--target-language", "de")
    result = bitext("align", "en", "de", *languages, "-o", "aligned", "--store", "store", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert len({row["pair_id"] for row in rows_of(tmp_path / "aligned" / "bitext.tsv")}) == 2
    without = bitext("align", "en", "de", "--store", "store", cwd=tmp_path)
    assert without.returncode == 2
    assert "name it with -o" in without.stderr


def test_two_folders_are_paired_by_what_they_say(pot: Path) -> None:
    command = ("align", "en", "de", "--pairing", "content", "--store", "store")
    languages = ("--source-language", "en", "--target-language", "de")
    result = bitext(*command, *languages, "-o", "aligned", cwd=pot)
    assert result.returncode == 0, result.stderr
    assert pairs_of(pot / "aligned" / "pairs.tsv") == PAIRS
    assert len({row["pair_id"] for row in rows_of(pot / "aligned" / "bitext.tsv")}) == 3
    two = bitext("align", "en/x1.txt", "de/k.txt", "--pairing", "content", "--store", "store", cwd=pot)
    assert two.returncode == 2
    assert "--pairing content is for two folders" in two.stderr


def test_one_file_with_both_languages(tmp_path: Path) -> None:
    lines = [line for key in ("ship", "law") for line in ENGLISH[key].split(". ")]
    others = [line for key in ("ship", "law") for line in GERMAN[key].split(". ")]
    text = "".join(f"{one.rstrip('.')}.\n{other.rstrip('.')}.\n" for one, other in zip(lines, others, strict=True))
    (tmp_path / "both.txt").write_text(text, encoding="utf-8")
    result = bitext("align", "both.txt", "--split-languages", "-o", "both.tsv", "--store", "store", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "both.txt: its lines are in en and de, in turn" in result.stderr
    rows = rows_of(tmp_path / "both.tsv")
    assert [row["source"].rstrip(".") for row in rows] == [line.rstrip(".") for line in lines]
    assert [row["target"].rstrip(".") for row in rows] == [line.rstrip(".") for line in others]


def test_a_file_in_one_language_cannot_be_taken_apart(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("\n".join(ENGLISH.values()), encoding="utf-8")
    result = bitext("align", "one.txt", "--split-languages", "--store", "store", cwd=tmp_path)
    assert result.returncode != 0
    assert "it isn't in two languages: nearly all of it is in en" in result.stderr


def test_one_file_twice_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(ENGLISH["ship"], encoding="utf-8")
    result = bitext("align", "one.txt", "one.txt", "--store", "store", cwd=tmp_path)
    assert result.returncode == 2
    assert "one.txt and one.txt are the same file" in result.stderr
