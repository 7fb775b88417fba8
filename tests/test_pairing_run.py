"""Documents that nobody has paired: by what they say, by names that agree in part, and two languages in one file."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

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


PAIRS = [("en/x1.txt", "de/k.txt"), ("en/x2.txt", "de/l.txt"), ("en/x3.txt", "de/m.txt")]


def bitext(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


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
