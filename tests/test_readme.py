"""What README.md shows is true: commands run or at least parse, configs load, Python has what it imports."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from readme import README, TEXTS, Block, Command, blocks, commands, parse, write_documents
from small_corpus import InlineBackend

from pipeline.__main__ import main
from pipeline.config.run_config import make_config
from stages.corrections import parse_reviews

ROOT = README.parent
LANGUAGES = {"console", "text", "toml", "python"}
SERVERS = {"serve"}
"""Commands of `bitext` that go on until they are told to end; what is sent to them is tested below."""


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    assert {str(block): block.language for block in blocks() if block.language not in LANGUAGES} == {}
    assert {block.language for block in blocks()} == LANGUAGES
    assert README.read_text(encoding="utf-8").count("```") == 2 * len(blocks())


# ---- commands


def check_bitext(command: Command) -> None:
    parse(main, command)


def check_modal(command: Command) -> None:
    """Parse it with the client's own command line, which also knows the options of our entry points."""
    from modal.cli.entry_point import entrypoint_cli

    try:
        parse(entrypoint_cli, command)
    except click.exceptions.Exit as end:  # --help
        assert end.exit_code == 0
    for option, value in zip(command.arguments, command.arguments[1:], strict=False):
        if option == "-m":
            assert importlib.util.find_spec(value), value
        if option == "--config" and value.startswith("configs/"):
            assert (ROOT / value).is_file(), value


def check_make(command: Command) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in command.arguments:
        assert re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE), target


def check_pip(command: Command) -> None:
    install, option, constraints, what = command.arguments
    assert (install, option) == ("install", "--constraint")
    assert (ROOT / constraints).is_file()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert re.fullmatch(r"\.(\[[a-z,]+\])?", what), what
    assert set(re.findall(r"[a-z]+", what)) <= set(extras)


def check_python(command: Command) -> None:
    option, module, what = command.arguments
    assert option == "-m"
    assert importlib.util.find_spec(module)
    assert (module, what) == ("venv", ".venv") or (ROOT / what).is_file()


def check_curl(command: Command) -> None:
    """What it sends is tested below; it must be sent to an address that README.md names as that of a service."""
    url = next(word for word in command.arguments if "/" in word)
    assert re.match(r"localhost:8765/|https://<workspace>--bitext-serve-labse-service-web\.modal\.run/", url), url


CHECKS = {
    "bitext": check_bitext,
    "modal": check_modal,
    "make": check_make,
    "pip": check_pip,
    "python": check_python,
    "python3": check_python,
    "curl": check_curl,
}


@pytest.mark.parametrize("command", commands(), ids=str)
def test_every_command_is_known(command: Command) -> None:
    assert command.program in CHECKS, f"nobody has said how to check {command.program}: add it to CHECKS"
    CHECKS[command.program](command)


def test_every_setting_of_the_environment_is_read_somewhere() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8") for room in ("pipeline", "tests") for path in (ROOT / room).rglob("*.py")
    )
    named = set(re.findall(r"\bBITEXT_[A-Z_]+\b", README.read_text(encoding="utf-8")))
    assert {name for name in named if f'"{name}"' not in code} == set()
    assert {name for command in commands() for name in command.settings} <= named


def test_every_file_that_is_named_is_there() -> None:
    named = re.findall(r"`((?:configs|pipeline|stages|tests)/[\w/.-]+\.\w+)`", README.read_text(encoding="utf-8"))
    assert named
    assert [name for name in named if not (ROOT / name).is_file() and "corrections" not in name] == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the documents that README.md supposes; no command starts a process, a browser or a server."""
    folder = tmp_path_factory.mktemp("readme")
    write_documents(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("BITEXT_STORE", str(folder / "store"))
        patch.setattr("pipeline.commands.options.LocalBackend", InlineBackend)
        patch.setattr("webbrowser.open", lambda address: address.startswith(("file:///", "http://127.0.0.1")))
        patch.setattr("pipeline.review.server.ReviewServer.serve_forever", ctrl_c)
        patch.setattr("pipeline.commands.console.LOG_WIDTH", len(printed_by_the_demo()[0]))
        yield folder


def ctrl_c(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture(scope="module")
def outputs(folder: Path) -> dict[Command, str]:
    """What all commands of `bitext` print, one after the other as in README.md, but for servers."""
    return {
        command: invoke(command) for command in commands() if command.program == "bitext" and not is_server(command)
    }


def is_server(command: Command) -> bool:
    return command.arguments[0] in SERVERS


def invoke(command: Command) -> str:
    done = CliRunner().invoke(main, command.arguments, prog_name="bitext")
    return done.output if done.exit_code == 0 else f"FAILED with {done.exit_code}: {done.output}{done.exception!r}"


def test_every_command_of_bitext_runs_as_it_stands(outputs: dict[Command, str], folder: Path) -> None:
    assert {str(command): output for command, output in outputs.items() if output.startswith("FAILED")} == {}
    assert all(outputs.values()), "each says something"
    made = [
        value
        for one in outputs
        for option, value in zip(one.arguments, one.arguments[1:], strict=False)
        if option == "-o"
    ]
    assert len(made) > 3
    assert [name for name in made if not (folder / name).stat().st_size] == []


def test_what_curl_sends_is_answered(tmp_path: Path) -> None:
    from live_service import live_service

    with live_service(tmp_path) as live, live.client() as client:
        for command in (one for one in commands() if one.program == "curl"):
            url, *options = command.arguments
            path = re.sub(r"^(https://)?[^/]+", "", url)
            given = dict(zip(options[::2], options[1::2], strict=True))
            if "-d" in given:
                name, _, value = given["-H"].partition(": ")
                answer = client.post(path, content=given["-d"], headers={name: value})
            else:
                answer = client.get(path)
            assert answer.status_code == 200, f"{command}: {answer.text}"


# ---- the other blocks


def printed_by_the_demo() -> list[str]:
    """Return the lines of the table but for the rule below its head."""
    (block,) = (block for block in blocks("text") if block.text.startswith("bead "))
    return [line for line in block.text.splitlines() if line.strip("─")]


def check_corrections(block: Block, folder: Path) -> None:
    """Put it where it says, and let the demo be run again: all three are of its text."""
    path = folder / "configs" / "demo.corrections" / "lighthouse.en-de.corrections.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_text(block.text, encoding="utf-8")
    done = CliRunner().invoke(main, ["run", "--config", "configs/demo.toml"], prog_name="bitext")
    path.unlink()
    assert done.exit_code == 0, done.output
    report = json.loads((folder / "out/demo/report.json").read_text(encoding="utf-8"))
    (counts,) = (stage["counts"] for stage in report["stages"] if stage["name"] == "export")
    verdicts = re.findall(r"\]  (good|bad)\b", block.text)
    assert (counts["good_beads"], counts["bad_beads"]) == (verdicts.count("good"), verdicts.count("bad"))
    assert "set_aside_corrections" not in counts


def test_what_is_shown_of_files_and_output_is_so(outputs: dict[Command, str], folder: Path) -> None:
    for block in blocks("text"):
        if block.text.startswith("bead "):
            (output,) = (output for command, output in outputs.items() if "--show" in command.arguments)
            printed = [line.rstrip() for line in output.splitlines()]
            assert [line for line in printed_by_the_demo() if line not in printed] == [], str(block)
        elif block.text.startswith("# lighthouse.en-de: "):
            check_corrections(block, folder)
        elif " becomes " in block.text:
            (review,) = parse_reviews(block.text)
            assert len(review.edits) == block.text.count(" becomes "), str(block)
        else:
            pytest.fail(f"{block}: nobody has said how to check this text")


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_every_config_is_valid_with_what_a_config_needs(block: Block, tmp_path: Path) -> None:
    needed = {
        "name": "test",
        "corpus": {"documents": "{language}/*.txt", "pairs": ["en-de"]},
        "encode": {"encoder": "use-multilingual"},
    }
    shown = tomllib.loads(block.text)
    assert shown
    config = make_config({**needed, **shown}, str(block), tmp_path)
    assert shown.keys() <= config.model_fields_set


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_has_what_it_imports_and_runs_where_it_can(block: Block, capsys: pytest.CaptureFixture[str]) -> None:
    imported = list(imports(ast.parse(block.text)))
    assert imported
    for module, name in imported:
        assert name is None or hasattr(importlib.import_module(module), name), f"{block}: {module} has no {name}"
    if "modal" not in dict(imported):
        exec(compile(block.text, str(block), "exec"), {"src": TEXTS["en"], "tgt": TEXTS["de"]})
        assert capsys.readouterr().out


def imports(tree: ast.Module) -> Iterator[tuple[str, str | None]]:
    """Give each module that is imported, and each name from one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)
