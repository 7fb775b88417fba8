"""Every command that takes a run takes it as an argument, and as --config."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.__main__ import main

COMMANDS = ("run", "status", "export", "fit", "view", "review", "eval")


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), standalone_mode=True)


def others(command: str, tmp_path: Path) -> list[str]:
    return ["-o", str(tmp_path / "x.tmx")] if command == "export" else []


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", [[], ["--config"]])
def test_both_ways_name_the_same_file(command: str, option: list[str], tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"
    result = call(command, *option, str(missing), *others(command, tmp_path))
    assert result.exit_code == 2
    assert f"{missing}: there is no such" in result.output


@pytest.mark.parametrize("command", [command for command in COMMANDS if command != "eval"])
def test_both_at_once_are_one_too_many(command: str, tmp_path: Path) -> None:
    result = call(command, "a.toml", "--config", "b.toml", *others(command, tmp_path))
    assert result.exit_code == 2
    assert "Name it once: a.toml, or --config b.toml." in result.output


@pytest.mark.parametrize("command", [command for command in COMMANDS if command != "eval"])
def test_none_is_asked_for(command: str, tmp_path: Path) -> None:
    result = call(command, *others(command, tmp_path))
    assert result.exit_code == 2
    assert "name the config of a run" in result.output
