"""The blocks of README.md, the commands in them, and the documents that these suppose."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import NamedTuple

import click

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
SETTING = re.compile(r"(?P<name>[A-Z_]+)=(?P<value>.*)")


class Block(NamedTuple):
    """What stands between two fences.

    line : of README.md, from 1, its first.
    """

    language: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"README.md:{self.line}"


class Command(NamedTuple):
    """A command without the folder of its program, its comment, and what is set for it in the environment."""

    line: int
    program: str
    arguments: tuple[str, ...]
    settings: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"README.md:{self.line}: {shlex.join([self.program, *self.arguments])}"


def blocks(language: str | None = None) -> list[Block]:
    """Return the blocks in a language, or all."""
    text = README.read_text(encoding="utf-8")
    found = (Block(one["language"], text.count("\n", 0, one.start()) + 2, one["text"]) for one in BLOCK.finditer(text))
    return [block for block in found if language in (None, block.language)]


def commands() -> list[Command]:
    """Return the commands of all console blocks."""
    return [command for block in blocks("console") for command in _commands_of(block)]


def _commands_of(block: Block) -> Iterator[Command]:
    """Give each command; a line that ends with a backslash goes on with the next."""
    at = block.line
    for line in re.split(r"(?<!\\)\n", block.text.rstrip("\n")):
        assert line.startswith("$ "), f"README.md:{at}: {line!r} is no command; a line of a console block begins with $"
        for part in line.removeprefix("$ ").split(" && "):
            words = shlex.split(part.replace("\\\n", " "), comments=True)
            n_settings = next(n for n, word in enumerate(words) if not SETTING.fullmatch(word))
            program = PurePath(words[n_settings]).name
            settings = tuple(SETTING.fullmatch(word)["name"] for word in words[:n_settings])
            yield Command(at, program, tuple(words[n_settings + 1 :]), settings)
        at += line.count("\n") + 1


def parse(group: click.Command, command: Command) -> click.Context:
    """Parse a command as click would, and run nothing; raises click.UsageError where it isn't valid."""
    context = group.make_context(command.program, list(command.arguments))
    while isinstance(context.command, click.Group):
        words = [*context._protected_args, *context.args]
        name, found, rest = context.command.resolve_command(context, words)
        assert found is not None, name
        context = found.make_context(name, rest, parent=context)
    return context


# ---- documents

TEXTS = {
    "en": "The old lighthouse stood alone on the rocks. Every evening the keeper climbed the narrow stairs. "
    "He lit the lamp before the sun went down. One night a ship came too close to the shore. "
    "The sailors saw the light and turned away. In the morning they brought him bread and wine.",
    "de": "Der alte Leuchtturm stand allein auf den Felsen. Jeden Abend stieg der Wärter die enge Treppe hinauf. "
    "Er zündete die Lampe an, bevor die Sonne unterging. Eines Nachts kam ein Schiff der Küste zu nahe. "
    "Die Matrosen sahen das Licht und drehten ab. Am Morgen brachten sie ihm Brot und Wein.",
    "fr": "Le vieux phare se dressait seul sur les rochers. Chaque soir, le gardien montait l'escalier étroit. "
    "Il allumait la lampe avant le coucher du soleil. Une nuit, un navire s'approcha trop de la côte. "
    "Les marins virent la lumière et s'éloignèrent. Le matin, ils lui apportèrent du pain et du vin.",
}


def write_documents(folder: Path) -> None:
    """Write the same short story in three languages, a config like the demo's, and the demo."""
    import docx
    import mkepub

    shutil.copytree(README.parent / "configs", folder / "configs")
    demo = (README.parent / "configs" / "demo.toml").read_text(encoding="utf-8")
    mine = demo.replace('name = "demo"', 'name = "my"').replace('"demo/', '"configs/demo/')
    (folder / "my.toml").write_text(mine, encoding="utf-8")
    for language, text in TEXTS.items():
        for name in ("my-book", "book"):
            (folder / f"{name}.{language}.txt").write_text(text + "\n", encoding="utf-8")
    book = mkepub.Book("The lighthouse")
    book.add_page("The lighthouse", f"<p>{TEXTS['en']}</p>")
    book.save(str(folder / "book.en.epub"))
    book.tempdir.cleanup()
    document = docx.Document()
    document.add_paragraph(TEXTS["de"])
    document.save(str(folder / "book.de.docx"))
