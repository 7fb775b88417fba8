"""Every command once on the demo: results to stdout, progress to stderr, an example in its help, an exit status."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner
from made_files import cues
from small_corpus import InlineBackend, bitext, read_exports

from pipeline import __version__
from pipeline.__main__ import main

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "configs" / "demo.toml"
TEXTS = ROOT / "configs" / "demo"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli") / "store"


@pytest.fixture(scope="module")
def first_run(store: Path) -> subprocess.CompletedProcess[str]:
    """The demo as a user runs it: a process of its own, with workers."""
    command = [sys.executable, "-m", "pipeline", "run", "--config", DEMO, "--store", store, "--show", "3"]
    return subprocess.run(
        [*map(str, command), "--out", str(store.parent / "out")], capture_output=True, text=True, check=False
    )


@pytest.fixture(autouse=True)
def _inline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.commands.options.LocalBackend", InlineBackend)


# ---- run


def test_a_run_prints_beads_scores_and_files_to_stdout_and_progress_to_stderr(
    first_run: subprocess.CompletedProcess[str], store: Path
) -> None:
    assert first_run.returncode == 0
    out, progress = first_run.stdout, first_run.stderr
    for text in ("The Lighthouse", "霍林的灯塔", "lighthouse.en-de: 3 of ", "demo: 2 of 2 pairs aligned", "strict"):
        assert text in out
    assert f"  {store.parent / 'out'}/bitext.en-de.tsv  " in out
    assert out.splitlines()[-1].startswith("Next: ")
    stages = [line.split()[0] for line in progress.splitlines()]
    assert stages[0] == "split"
    assert "encode" in stages
    assert "shards, " in progress
    assert "sentences" in progress
    assert "Traceback" not in progress


def test_the_demo_scores_as_well_as_it_did(first_run: subprocess.CompletedProcess[str], store: Path) -> None:
    scores = json.loads((store.parent / "out" / "report.json").read_text(encoding="utf-8"))["scores"]
    assert scores["strict"]["f1"] > 0.9
    assert scores["lax"]["f1"] > 0.97


def test_a_second_run_here_gives_what_the_workers_gave(
    first_run: subprocess.CompletedProcess[str], store: Path, tmp_path: Path
) -> None:
    again = bitext("run", "--config", DEMO, "--store", store, "--out", tmp_path)
    assert again.exit_code == 0
    assert again.stderr.count("nothing to do") == 3
    assert read_exports(tmp_path) == read_exports(store.parent / "out")


def test_a_dry_run_says_what_is_to_be_done_and_writes_nothing(tmp_path: Path) -> None:
    result = bitext("run", "--config", DEMO, "--store", tmp_path / "store", "--out", tmp_path / "out", "--dry-run")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].startswith("split   0 of 3 documents done, ")
    assert "align   0 of 2 pairs done, " in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_results_go_to_a_folder_named_after_the_run(
    first_run: subprocess.CompletedProcess[str], store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert bitext("run", "--config", DEMO, "--store", store).exit_code == 0
    assert (tmp_path / "out" / "demo" / "bitext.en-zh.tsv").is_file()


# ---- the others


def test_status_says_what_is_done(first_run: subprocess.CompletedProcess[str], store: Path) -> None:
    result = bitext("status", "--config", DEMO, "--store", store)
    assert result.stdout.splitlines()[:2] == ["split   3 of 3 documents done", "encode  3 of 3 documents done"]
    assert "align   2 of 2 pairs done" in result.stdout
    assert result.stderr == ""


def test_eval_prints_a_table_or_json(first_run: subprocess.CompletedProcess[str], store: Path) -> None:
    table = bitext("eval", "--config", DEMO, "--store", store)
    assert "lighthouse.en-de\n" in table.stdout
    found = json.loads(bitext("eval", "--config", DEMO, "--store", store, "--json").stdout)
    assert found["strict"].keys() == found["lax"].keys() == {"precision", "recall", "f1"}
    files = bitext("eval", store.parent / "out" / "beads", TEXTS / "gold", "--json")
    assert json.loads(files.stdout)["strict"] == found["strict"]


@pytest.mark.parametrize(("format_name", "name"), [
    (None, "demo.tmx"), ("jsonl", "demo.jsonl"), ("moses", "moses"), ("xces", "xces"), ("hugging-face", "hub"),
])  # fmt: skip
def test_export_writes_one_more_format(
    format_name: str | None, name: str, first_run: subprocess.CompletedProcess[str], store: Path, tmp_path: Path
) -> None:
    options = ["--format", format_name] if format_name else []
    result = bitext("export", "--config", DEMO, "--store", store, *options, "-o", tmp_path / name)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{tmp_path / name}: 2 pairs, ")
    if name.endswith(".tmx"):
        parts = [(store.parent / "out" / f"bitext.en-{language}.tmx").read_bytes() for language in ("de", "zh")]
        assert (tmp_path / name).read_bytes() == parts[0].replace(b"</body>\n</tmx>\n", b"") + parts[1].partition(
            b"<body>\n"
        )[2]
    elif name == "moses":
        assert len(list((tmp_path / name).glob("bitext.en-*"))) == 4
    elif name == "xces":
        assert len(list((tmp_path / name).rglob("*.xml"))) == 2 + 4
    elif name == "hub":
        files = sorted(path.name for path in (tmp_path / name / "dataset").iterdir())
        assert files == ["README.md", "en-de.parquet", "en-zh.parquet"]


def test_an_export_of_half_a_run_says_what_is_left_out(
    first_run: subprocess.CompletedProcess[str], tmp_path: Path
) -> None:
    bitext("run", "--config", DEMO, "--store", tmp_path / "store", "--out", tmp_path / "out", "--limit", 1)
    result = bitext("export", "--config", DEMO, "--store", tmp_path / "store", "-o", tmp_path / "demo.tsv")
    assert result.exit_code == 3
    assert result.stdout.splitlines()[-1] == "1 pair not aligned yet and left out: bitext run goes on with them"


def test_a_damaged_file_ends_an_export_with_what_to_do_and_a_run_mends_it(
    first_run: subprocess.CompletedProcess[str], store: Path, tmp_path: Path
) -> None:
    shutil.copytree(store, tmp_path / "store")
    for path in (tmp_path / "store" / "sentences").glob("*/*.parquet"):
        data = bytearray(path.read_bytes())
        middle = len(data) // 2  # of the texts, by far the largest column
        data[middle : middle + 40] = bytes(40)
        path.write_bytes(data)
    export = ["export", "--config", DEMO, "--store", tmp_path / "store", "-o", tmp_path / "demo.tsv"]
    damaged = bitext(*export)
    assert damaged.exit_code == 1
    assert re.search(r"bitext: .*: .*; set aside as \w+.parquet.corrupt, to be made again by a run\n", damaged.stderr)
    assert not (tmp_path / "demo.tsv").exists()
    assert bitext("run", "--config", DEMO, "--store", tmp_path / "store", "--out", tmp_path / "out").exit_code == 0
    assert bitext(*export).exit_code == 0


def test_a_terminal_without_chinese_letters_shows_codes(
    first_run: subprocess.CompletedProcess[str], store: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "pipeline", "run", "--config", DEMO, "--store", store, "--show", "1"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    result = subprocess.run(
        [*map(str, command), "--out", str(tmp_path)], capture_output=True, text=True, check=False, env=environment
    )
    assert result.returncode == 0
    assert "\\u970d\\u6797" in result.stdout


def test_store_shows_what_it_holds_and_empties_it(tmp_path: Path) -> None:
    bitext("run", "--config", DEMO, "--store", tmp_path, "--out", tmp_path / "out", "--stage", "split")
    shown = bitext("store", "--store", tmp_path).stdout.splitlines()
    assert [line.split()[0] for line in shown[:-1]] == ["texts", "sentences"]
    assert shown[-1] == str(tmp_path)
    assert bitext("store", "--store", tmp_path, "--prune").stdout.startswith("freed ")
    assert bitext("store", "--store", tmp_path).stdout == f"{tmp_path}\n"


def test_align_prints_tab_separated_values_and_nothing_else(store: Path) -> None:
    result = bitext("align", TEXTS / "en" / "lighthouse.txt", TEXTS / "de" / "lighthouse.txt", "--store", store)
    rows = list(csv.reader(result.stdout.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
    assert rows[0][:2] == ["source", "target"]
    assert len({len(row) for row in rows}) == 1
    assert len(rows) > 60
    assert "detected en (0.9" in result.stderr


def test_sentences_without_a_translation_are_kept_if_asked(
    first_run: subprocess.CompletedProcess[str], store: Path, tmp_path: Path
) -> None:
    for name in ("english.txt", "german.txt"):
        lines = ["The lamp was lit.", "Nobody came.", "The sea was far away and quiet."]
        (tmp_path / name).write_text("\n".join(lines[: 3 if name == "english.txt" else 2]))
    sides = [tmp_path / "english.txt", tmp_path / "german.txt", "--is-split", "--store", store]
    languages = ["--source-language", "en", "--target-language", "en"]
    rows = {
        options: bitext("align", *sides, *languages, *options).stdout.splitlines() for options in ((), ("--nulls",))
    }
    assert (len(rows[()]), len(rows["--nulls",])) == (3, 4)
    assert rows["--nulls",][-1].startswith("The sea was far away and quiet.\t\t")
    export = ["export", DEMO, "--store", store, "--format", "jsonl", "-o"]
    plain = bitext(*export, tmp_path / "plain.jsonl")
    kept = bitext(*export, tmp_path / "kept.jsonl", "--nulls")
    assert plain.exit_code == kept.exit_code == 0
    named = bitext("export", "demo", "--store", store, "-o", tmp_path / "named.jsonl")
    assert named.exit_code == 0, named.output
    assert (tmp_path / "named.jsonl").read_bytes() == (tmp_path / "plain.jsonl").read_bytes()
    n_nulls = len((tmp_path / "kept.jsonl").read_text().splitlines()) - len(
        (tmp_path / "plain.jsonl").read_text().splitlines()
    )
    assert n_nulls == 1


def test_subtitles_come_out_as_bilingual_subtitles(store: Path, tmp_path: Path) -> None:
    says = {"en": ["The lamp was lit.", "Nobody came."], "de": ["Die Lampe war an.", "Niemand kam."]}
    for language, texts in says.items():
        (tmp_path / f"film.{language}.srt").write_text(cues(*texts))
    sides = [tmp_path / "film.en.srt", tmp_path / "film.de.srt"]
    languages = ["--source-language", "en", "--target-language", "de", "--store", store]
    assert bitext("align", *sides, *languages, "-o", tmp_path / "both.srt").exit_code == 0
    assert (tmp_path / "both.srt").read_text() == cues(
        "The lamp was lit.\nDie Lampe war an.", "Nobody came.\nNiemand kam."
    )
    (tmp_path / "c.txt").write_text("The lamp was lit.\n")
    (tmp_path / "d.txt").write_text("Die Lampe war an.\n")
    refused = bitext("align", tmp_path / "c.txt", tmp_path / "d.txt", *languages, "-o", tmp_path / "no.srt")
    assert (refused.exit_code, "subtitles need times" in refused.stderr) == (2, True)
    assert not (tmp_path / "no.srt").exists()


@pytest.mark.parametrize(
    "suffix", ["tsv", "jsonl", "parquet", "tmx", "txt", "sqlite", "sketch-engine.xlsx", "book.html"]
)
def test_align_writes_a_file_of_the_format_that_its_name_tells(suffix: str, store: Path, tmp_path: Path) -> None:
    out = tmp_path / f"story.{suffix}"
    sides = [TEXTS / "en" / "lighthouse.txt", TEXTS / "zh" / "lighthouse.txt"]
    languages = ["--source-language", "en", "--target-language", "zh"]
    result = bitext("align", *sides, *languages, "-o", out, "--store", store)
    assert result.stdout.startswith(f"{out}: ")
    assert out.stat().st_size > 1000
    if suffix == "tmx":
        assert ET.parse(out).getroot().tag == "tmx"


def test_align_leaves_nothing_in_the_working_folder(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bitext("align", TEXTS / "en" / "lighthouse.txt", TEXTS / "de" / "lighthouse.txt", "--store", store)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [
        ("align", "de.txt", "en.txt", "-o", "en.txt"),
        ("export", "--config", "run.toml", "--format", "beads", "-o", "run.toml"),
        ("fit", "--config", "run.toml", "-o", "run.toml"),
        ("view", "run.toml", "-o", "./run.toml"),
    ],
)
def test_no_command_writes_over_what_it_reads(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("de.txt", "en.txt", "run.toml"):
        Path(name).write_text("as it was", encoding="utf-8")
    result = bitext(*command, "--store", tmp_path / "store")
    assert result.exit_code == 2
    assert "would be lost; name another file with -o" in result.stderr
    assert {path.read_text(encoding="utf-8") for path in tmp_path.glob("*.t*")} == {"as it was"}


def test_align_reads_the_encoding_that_is_named(store: Path, tmp_path: Path) -> None:
    german = tmp_path / "de.txt"
    german.write_bytes("Die Straße ist lang.".encode("cp1252"))
    languages = ["--source-language", "de", "--target-language", "en"]
    english = tmp_path / "en.txt"
    english.write_text("The street is long.", encoding="utf-8")
    refused = bitext("align", german, english, *languages, "--store", store)
    assert "is not UTF-8 at byte 8" in refused.stderr
    assert "nothing to do" not in refused.stderr
    result = bitext("align", german, english, *languages, "--encoding", "cp1252", "--store", store)
    assert "Die Straße ist lang." in result.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_that_results_are_printed_to_is_told_without_a_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipeline", "store", "--store", tmp_path]
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(list(map(str, command)), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr == "bitext: the results can't be written: the disk is full; free some space\n"


def test_align_takes_what_a_shell_pipes(store: Path) -> None:
    """As in `bitext align <(pandoc book.docx -t plain) book.fr.txt`."""
    ends = os.pipe()
    os.write(ends[1], b"The lighthouse is old. Nobody comes.\n")
    os.close(ends[1])
    languages = ["--source-language", "en", "--target-language", "de"]
    try:
        result = bitext("align", f"/dev/fd/{ends[0]}", TEXTS / "de" / "lighthouse.txt", *languages, "--store", store)
    finally:
        os.close(ends[0])
    assert result.exit_code == 0
    assert "The lighthouse is old." in result.stdout


# ---- help


@pytest.mark.parametrize("name", sorted(main.commands))
def test_the_help_of_every_command_is_an_imperative_with_an_example(name: str) -> None:
    text = CliRunner().invoke(main, [name, "--help"], prog_name="bitext").output
    lines = [line.strip() for line in text.splitlines()]
    assert any(f"{line} ".startswith(f"bitext {name} ") for line in lines), text
    summary = " ".join(lines[2 : lines.index("", 2)])
    assert summary[0].isupper()
    assert summary.endswith(".")
    for option in main.commands[name].params:
        assert option.param_type_name == "argument" or option.help, option.name


def test_the_help_of_the_program_opens_with_what_to_type() -> None:
    text = CliRunner().invoke(main, ["-h"], prog_name="bitext").output
    assert "bitext init books, then bitext run books.toml" in text
    assert "bitext align book.de.txt book.fr.txt -o book.tmx" in text


def test_the_version_is_that_of_the_distribution() -> None:
    assert bitext("--version").stdout == f"bitext, version {__version__}\n"
    assert metadata.version("bitext-pipeline") == __version__
