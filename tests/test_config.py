"""A config is one run: checked at once, resolved beside its file, and the address of what it makes."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from run_configs import config_of

from pipeline.config.corpus_config import split_pair
from pipeline.config.run_config import (
    RunConfig,
    beads_address,
    embeddings_address,
    load_config,
    make_config,
    sentences_address,
)
from pipeline.errors import ConfigError

FOLDER = Path(__file__).parents[1] / "configs"
CONFIGS = sorted(set(FOLDER.glob("*.toml")) - {FOLDER / "nightly.toml"})  # which names runs, and is none
ADDRESSES = {"sentences": sentences_address, "embeddings": embeddings_address, "beads": beads_address}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_config_that_comes_with_the_project_loads(path: Path) -> None:
    config = load_config(path)
    assert config.name == tomllib.loads(path.read_text(encoding="utf-8")).get("name", path.stem)
    assert config.folder == path.parent.resolve()


def test_a_config_is_named_after_its_file_unless_it_says_otherwise(tmp_path: Path) -> None:
    text = '[corpus]\ndocuments = "{language}.txt"\npairs = ["en-de"]\n[encode]\nencoder = "use-multilingual"\n'
    path = tmp_path / "books.toml"
    path.write_text(text)
    assert load_config(path).name == "books"
    path.write_text('name = "novels"\n' + text)
    assert load_config(path).name == "novels"


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text(CONFIGS[0].read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert load_config(path).name


def test_a_config_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        config_of().align.max_bead = 7  # type: ignore[misc]


def test_every_field_says_what_it_is() -> None:
    def undocumented(model: type[Any], prefix: str = "") -> list[str]:
        found = []
        for name, field in model.model_fields.items():
            if hasattr(field.annotation, "model_fields"):
                found += undocumented(field.annotation, f"{prefix}{name}.")
            elif not field.description:
                found.append(prefix + name)
        return found

    assert undocumented(RunConfig) == []


def test_paths_are_relative_to_the_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = make_config(config_of().model_dump(), "x", tmp_path)
    monkeypatch.setenv("HOME", "/home/somebody")
    assert config.resolve("gold") == tmp_path / "gold"
    assert config.resolve("/gold") == Path("/gold")
    assert config.resolve("~/gold") == Path("/home/somebody/gold")


@pytest.mark.parametrize(
    ("pair", "languages"),
    [
        ("en-de", ("en", "de")),
        ("eng-deu", ("en", "de")),
        ("pt-BR/en", ("pt-BR", "en")),
        ("en/zh-Hant", ("en", "zh-Hant")),
        (" en - de ", ("en", "de")),
    ],
)
def test_a_pair_of_languages_is_read_in_their_standard_form(pair: str, languages: tuple[str, str]) -> None:
    assert split_pair(pair) == languages


@pytest.mark.parametrize("pair", ["en", "", "-", "en-", "en-de-fr", "pt-BR-en"])
def test_what_is_no_pair_of_languages_is_refused(pair: str) -> None:
    with pytest.raises(ValueError, match="is not a pair of languages"):
        split_pair(pair)


@pytest.mark.parametrize(
    ("changed", "moved"),
    [
        ({}, ()),
        ({"compute": {"workers": 1, "shard_chars": 5}}, ()),
        ({"export": {"formats": ["tmx"], "keep_nulls": True}}, ()),
        ({"corpus": {"allow_unmatched": True}}, ()),
        ({"align": {"max_bead": 6}}, ("beads",)),
        ({"align": {"band_radius": 6}}, ("beads",)),
        ({"encode": {"max_overlap": 5}}, ("beads",)),
        ({"encode": {"prompt": "passage: "}}, ("embeddings", "beads")),
        ({"encode": {"max_overlap_chars": 500}}, ("embeddings", "beads")),
        ({"encode": {"encoder": "labse"}}, ("embeddings", "beads")),
        ({"split": {"paragraphs": "line"}}, ("sentences", "embeddings", "beads")),
    ],
)
def test_an_address_moves_with_what_makes_its_rows_and_with_nothing_else(
    changed: dict[str, dict[str, Any]], moved: tuple[str, ...]
) -> None:
    before, after = config_of(), config_of(**changed)
    assert tuple(name for name, address in ADDRESSES.items() if address(before) != address(after)) == moved


@pytest.mark.parametrize(
    ("version", "moved"),
    [
        ("SPLIT_VERSION", ("sentences", "embeddings", "beads")),
        ("ENCODE_VERSION", ("embeddings", "beads")),
        ("ALIGN_VERSION", ("beads",)),
    ],
)
def test_a_new_version_of_a_stage_never_reads_what_the_old_one_made(
    version: str, moved: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {name: address(config_of()) for name, address in ADDRESSES.items()}
    monkeypatch.setattr(f"pipeline.config.run_config.{version}", 1000)
    assert tuple(name for name, address in ADDRESSES.items() if address(config_of()) != before[name]) == moved


def test_problems_of_every_section_are_reported_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        config_of(corpus={"pairs": ["x"]}, encode={"encoder": "?"}, align={"max_bead": 0}, split={"zebra": 1})
    lines = str(caught.value).splitlines()
    assert lines[0] == "test.toml has 4 problems:"
    assert [line.split()[0] for line in lines[1:]] == [
        "corpus.pairs:", "split.zebra:", "encode.encoder:", "align.max_bead:",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        (
            None,
            ["align.weights: FOLDER/w.toml: there is no such file; [align] weights names a file that", "align.top_k:"],
        ),
        ("size = 1\n", ["align.weights: FOLDER/w.toml has a problem:", "  size: unknown key", "align.top_k:"]),
        ("[encoded]\nsize = 1.0\n", ["align.top_k:"]),
    ],
    ids=["no file", "a wrong file", "a right file"],
)
def test_problems_of_weights_hide_no_others(weights: str | None, told: list[str], tmp_path: Path) -> None:
    if weights is not None:
        (tmp_path / "w.toml").write_text(weights, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        make_config(config_of().model_dump() | {"align": {"weights": "w.toml", "top_k": 0}}, "test.toml", tmp_path)
    head, *lines = str(caught.value).replace(str(tmp_path), "FOLDER").splitlines()
    n_problems = sum(not line.startswith("    ") for line in lines)
    assert head == ("test.toml has a problem:" if n_problems == 1 else f"test.toml has {n_problems} problems:")
    assert [line.startswith(f"  {start}") for line, start in zip(lines, told, strict=True)] == [True] * len(told)


def test_nobodys_home_hides_no_other_problem() -> None:
    with pytest.raises(ConfigError) as caught:
        config_of(
            encode={"encoder": "~nobody-of-that-name/model"}, align={"top_k": 0, "weights": "~nobody-of-that-name/w"}
        )
    assert [line.split(":")[0].strip() for line in str(caught.value).splitlines()[1:]] == [
        "align.weights", "encode.encoder", "align.top_k",
    ]  # fmt: skip
