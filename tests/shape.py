"""Count how the source is laid out: files in each room, arrows between rooms, circles, untyped functions, docstrings.

python tests/shape.py            of this source
python tests/shape.py FOLDER     of another copy of it, to compare
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import Path
from typing import Any, NamedTuple

import click

ROOT = Path(__file__).parents[1]
PACKAGES = ("pipeline", "stages")
QUESTIONS = ("What", "Which", "How", "Who", "Where", "Whether", "Why")


class Shape(NamedTuple):
    """What was counted.

    rooms     : files of each folder.
    arrows    : pairs of folders of which a file of the first imports one of the second, other than itself.
    circles   : groups of modules of which each imports, by way of others, every other one.
    untyped   : functions with an argument or a result without a type.
    undocumented : public modules, classes, functions and methods without a docstring.
    n_public  : all of them.
    questions : modules whose docstring opens with a question word.
    """

    rooms: dict[str, int]
    arrows: set[tuple[str, str]]
    circles: list[list[str]]
    untyped: list[str]
    undocumented: list[str]
    n_public: int
    questions: list[str]


def modules_of(root: Path) -> dict[str, Path]:
    """Return the files of all modules, by name."""
    return {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for package in PACKAGES
        for path in sorted((root / package).rglob("*.py"))
    }


def imports_of(tree: ast.AST, modules: Set[str], at_the_top: bool = False) -> Iterator[str]:
    """Give the modules that a module imports when it is imported, or at all; those for type checkers don't count."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in modules else str(node.module) for name in names)
        elif is_for_type_checkers(node) or (at_the_top and isinstance(node, ast.FunctionDef | ast.Lambda)):
            continue
        else:
            yield from imports_of(node, modules, at_the_top)


def is_for_type_checkers(node: ast.AST) -> bool:
    """Return whether a statement is `if TYPE_CHECKING`."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def find_circles(imports: Mapping[str, Set[str]]) -> list[list[str]]:
    """Return the groups of modules that reach each other, each in order: strongly connected components."""
    reached = {module: reached_from(module, imports) for module in imports}
    groups = {
        tuple(sorted({module, *(other for other in reached[module] if module in reached[other])}))
        for module in imports
        if module in reached[module]
    }
    return [list(group) for group in sorted(groups)]


def reached_from(module: str, imports: Mapping[str, Set[str]]) -> set[str]:
    """Return the modules of the project that are imported with a module; itself only by way of others."""
    found: set[str] = set()
    rest = [module]
    while rest:
        for name in imports.get(rest.pop(), set()) & imports.keys() - found:
            found.add(name)
            rest.append(name)
    return found


def public_parts(module: str, tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Give what others may use of a module: itself, and classes, functions and methods without a leading underscore."""
    yield module, tree
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield f"{module}.{node.name}", node
            for part in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) and not part.name.startswith("_"):
                    yield f"{module}.{node.name}.{part.name}", part


def is_typed(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether all arguments but `self` and `cls`, and the result, have a type; `__init__` needs no result."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    named = [argument for argument in every if argument and argument.arg not in ("self", "cls")]
    has_result = function.returns is not None or function.name == "__init__"
    return has_result and all(argument.annotation is not None for argument in named)


def measure(root: Path) -> Shape:
    """Count all of a source."""
    modules = modules_of(root)
    trees = {module: ast.parse(path.read_text(encoding="utf-8")) for module, path in modules.items()}
    rooms = {module: path.parent.relative_to(root).as_posix() for module, path in modules.items()}
    imports = {module: set(imports_of(tree, modules.keys())) & modules.keys() for module, tree in trees.items()}
    arrows = {(rooms[module], rooms[other]) for module, others in imports.items() for other in others}
    public = [part for module, tree in trees.items() for part in public_parts(module, tree)]
    functions = [
        (module, node)
        for module, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    documented = {module: ast.get_docstring(tree) or "" for module, tree in trees.items()}
    return Shape(
        {room: list(rooms.values()).count(room) for room in sorted(set(rooms.values()))},
        {(one, other) for one, other in arrows if one != other},
        find_circles(imports),
        [f"{module}.{node.name}" for module, node in functions if not is_typed(node)],
        [name for name, node in public if not ast.get_docstring(node)],  # type: ignore[arg-type]
        len(public),
        [module for module, text in documented.items() if text.partition(" ")[0] in QUESTIONS],
    )


def main() -> None:
    """Print the counts, and what they count where it should be nothing."""
    shape = measure(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT)
    for room, n_files in shape.rooms.items():
        click.echo(f"{n_files:4d}  {room}")
    click.echo(f"{len(shape.rooms)} rooms with {len(shape.arrows)} arrows, {sum(shape.rooms.values())} files")
    tell(f"{len(shape.circles)} circles", shape.circles)
    tell(f"{len(shape.untyped)} untyped functions", shape.untyped)
    share = 1 - len(shape.undocumented) / shape.n_public
    tell(f"{share:.1%} of {shape.n_public} public parts have docstrings; without:", shape.undocumented)
    tell(f"{len(shape.questions)} modules open with a question word", shape.questions)


def tell(count: str, names: Iterable[Any]) -> None:
    """Print a count, and below what was counted."""
    click.echo("\n  ".join([count, *map(str, names)]))


if __name__ == "__main__":
    main()
