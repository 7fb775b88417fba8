"""Small documents and their translations, and quick ways to run the pipeline on them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from threadpoolctl import threadpool_limits

from pipeline.__main__ import main
from pipeline.config.run_config import RunConfig, load_config
from pipeline.flow.backend import Observer
from pipeline.flow.flow import Flow
from pipeline.flow.local import LocalBackend
from pipeline.flow.run import Run
from pipeline.store.run_store import RunStore
from pipeline.tasks.work import Outcome, Task, Work

NOUNS = (("sailor", "Matrose"), ("lighthouse", "Leuchtturm"), ("letter", "Brief"), ("storm", "Sturm"),
         ("harbour", "Hafen"), ("teacher", "Lehrer"), ("river", "Fluss"), ("garden", "Garten"))  # fmt: skip
VERBS = (("finds", "findet"), ("sees", "sieht"), ("needs", "braucht"), ("loves", "liebt"), ("forgets", "vergisst"))
TIMES = (("in the morning", "am Morgen"), ("every winter", "jeden Winter"), ("without a word", "ohne ein Wort"))

CONFIG = """\
[corpus]
documents = "{language}/*.txt"
pairs = ["en-de"]

[encode]
encoder = "use-multilingual"
max_overlap = 2

[align]
max_bead = 3
request_margin = 40

[export]
formats = ["tsv", "jsonl", "parquet", "tmx", "moses", "beads"]
"""


def make_texts(n_sentences: int, seed: int) -> tuple[str, str]:
    """Return an English text and its German translation, a paragraph a line."""
    chance = random.Random(seed)
    english, german = [], []
    for number in range(n_sentences):
        words = [chance.choice(kind) for kind in (NOUNS, VERBS, NOUNS, TIMES)]
        end = "\n" if number % 3 == 2 else " "
        english.append("The {} {} the {} {}.".format(*(word[0] for word in words)) + end)
        german.append("Der {} {} den {} {}.".format(*(word[1] for word in words)) + end)
    return "".join(english).strip() + "\n", "".join(german).strip() + "\n"


def write_corpus(folder: Path, n_pairs: int = 2, n_sentences: int = 4, config: str = CONFIG) -> Path:
    """Write pairs of documents that all differ, and a config for them; return its path."""
    for number in range(n_pairs):
        for language, text in zip(("en", "de"), make_texts(n_sentences + number, seed=number), strict=True):
            (folder / language).mkdir(parents=True, exist_ok=True)
            (folder / language / f"{number:02}.txt").write_text(f"{number}. {text}", encoding="utf-8")
    path = folder / "run.toml"
    path.write_text(config, encoding="utf-8")
    return path


POT = """
[corpus]
documents = "{language}/*.txt"
pairs = ["en-de"]
pairing = "content"
[encode]
encoder = "use-multilingual"
"""


def write_pot(folder: Path) -> Path:
    """Write three documents in each language, of which two belong together, whatever their names; return a config."""
    for number, (english, german) in enumerate([("a", "x"), ("b", "y"), ("c", "z")]):
        texts = make_texts(5, seed=number)
        other = make_texts(5, seed=77)
        for language, name, text in (("en", english, texts[0]), ("de", german, (other if number == 2 else texts)[1])):
            (folder / language).mkdir(exist_ok=True)
            (folder / language / f"{name}.txt").write_text(text, encoding="utf-8")
    (folder / "pot.toml").write_text(POT)
    return folder / "pot.toml"


class InlineBackend(LocalBackend):
    """Runs every task in this process, with one thread as a worker has: none has to be started."""

    def submit(self, task: Task, work: Work) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        try:
            with threadpool_limits(1):
                future.set_result(task(RunStore(self.store, work.config), work))
        except Exception as error:  # noqa: BLE001 - as a worker hands it on
            future.set_exception(error)
        return future

    def spread(
        self, config: RunConfig, function: Callable[..., Any], calls: Sequence[tuple[Any, ...]]
    ) -> Iterator[Any]:
        return (function(RunStore(self.store, config), *arguments) for arguments in calls)


def run_inline(config: RunConfig | Path, store: Path, out: Path, observer: Observer, **options: object) -> Run:
    """Carry out a run as if the command had just been started."""
    config = load_config(config) if isinstance(config, Path) else config
    return Flow(Run(config, out=out, **options), InlineBackend(store, 2), observer).carry_out()  # type: ignore[arg-type]


def bitext(*arguments: str | Path) -> Result:
    """Run the command in this process; a bug raises, as it would show a user its traceback."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="bitext")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def read_exports(folder: Path) -> dict[str, bytes]:
    """Return what must not differ between two equal runs: all but run.json and the report."""
    files = (path for path in folder.rglob("*") if path.is_file())
    exports = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    return {name: data for name, data in exports.items() if name != "run.json" and not name.startswith("report.")}
