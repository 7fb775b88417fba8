"""The command `bitext`: align documents that translate each other, on this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.commands.status import print_status
from pipeline.config import AUTO, RunConfig, load_config, make_config
from pipeline.console import out_console, size
from pipeline.errors import ConfigError, StoreError
from pipeline.exits import reported
from pipeline.finish import evaluate_gold, finish
from pipeline.flow import STAGES, Flow, Run, Stage
from pipeline.local import LocalBackend, require_stages
from pipeline.progress import Progress
from pipeline.store.store import Store, default_root

if TYPE_CHECKING:
    from stages.evaluate.scores import Evaluation

PATH = click.Path(path_type=Path)
CONFIG = click.option("--config", "config_path", type=PATH, required=True, help="The run's TOML file.")
STORE = click.option("--store", type=PATH, help="Where finished work is kept [default: $BITEXT_STORE, or a cache].")
WORKERS = click.option("--workers", type=click.IntRange(min=1), help="How many processes [default: all cores].")
LIMIT = click.option("--limit", type=click.IntRange(min=1), help="Only the first N pairs.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="bitext-pipeline", prog_name="bitext")
def main() -> None:
    """Find which sentences of two documents translate each other.

    \b
    One pair:   bitext align book.de.txt book.fr.txt -o book.tmx
    A corpus:   bitext run --config configs/demo.toml
    """


@main.command()
@CONFIG
@click.option("--stage", type=click.Choice(STAGES), help="Only this stage, from what the stage before it left.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do none of it.")
@LIMIT
@click.option("--out", type=PATH, help="The folder for results [default: out/NAME].")
@click.option("--show", type=click.IntRange(min=0), default=0, help="Print N beads of each pair of languages.")
@STORE
@WORKERS
@reported
def run(
    config_path: Path,
    stage: Stage | None,
    dry_run: bool,
    limit: int | None,
    out: Path | None,
    show: int,
    store: Path | None,
    workers: int | None,
) -> int:
    """Align the documents of a config. Only what is new or changed is done.

    \b
    bitext run --config configs/demo.toml
    bitext run --config configs/demo.toml --stage align
    """
    config = load_config(config_path)
    flow = _flow(Run(config, stage, limit, out or Path("out") / config.name), store, workers)
    if dry_run:
        print_status(flow)
        return 0
    require_stages()
    flow.carry_out()
    finish(flow, out_console(), show)
    return flow.run.exit_status


@main.command()
@click.argument("source", type=PATH)
@click.argument("target", type=PATH)
@click.option("--source-language", default=AUTO, show_default=True, help="Its language, such as de.")
@click.option("--target-language", default=AUTO, show_default=True, help="Its language, such as fr.")
@click.option("--encoder", default="use-multilingual", show_default=True, help="As [encode] encoder in a config.")
@click.option("--is-split", is_flag=True, help="Every line is a sentence.")
@click.option("-o", "--output", type=PATH, help="A .tsv, .jsonl, .parquet, .tmx or .txt file [default: print TSV].")
@STORE
@WORKERS
@reported
def align(
    source: Path,
    target: Path,
    source_language: str,
    target_language: str,
    encoder: str,
    is_split: bool,
    output: Path | None,
    store: Path | None,
    workers: int | None,
) -> int:
    """Align two documents.

    \b
    bitext align book.de.txt book.fr.txt -o book.tmx
    bitext align notes.en.txt notes.zh.txt --source-language en --target-language zh
    """
    from pipeline.commands.single import align_files

    corpus = {"source_language": source_language, "target_language": target_language, "is_split": is_split}
    config = make_config(
        {
            "name": "align",
            "corpus": {"source": str(source.absolute()), "target": str(target.absolute()), **corpus},
            "encode": {"encoder": encoder},
        },
        where="the command line",
        folder=Path.cwd(),
    )
    require_stages()
    return align_files(_flow(Run(config), store, workers), output)


@main.command()
@CONFIG
@LIMIT
@STORE
@reported
def status(config_path: Path, limit: int | None, store: Path | None) -> None:
    """Say what of a run is done, and what is missing.

    \b
    bitext status --config configs/demo.toml
    """
    print_status(_flow(Run(load_config(config_path), limit=limit), store, None))


@main.command("eval")
@click.argument("predicted", type=PATH, required=False)
@click.argument("gold_beads", type=PATH, required=False)
@click.option("--config", "config_path", type=PATH, help="A config whose run has been done.")
@click.option("--gold", type=PATH, help="With --config: a folder of <pair_id>.gold.txt [default: [corpus] gold].")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with precision, recall and f1, strict and lax.")
@STORE
@reported
def evaluate(
    predicted: Path | None,
    gold_beads: Path | None,
    config_path: Path | None,
    gold: Path | None,
    as_json: bool,
    store: Path | None,
) -> None:
    """Compare beads with gold: strict and lax precision, recall and F1, as Vecalign defines them.

    \b
    bitext eval --config configs/demo.toml
    bitext eval out/demo/beads configs/demo/gold
    """
    from pipeline.commands.evaluation import evaluate_files
    from stages.evaluate.scores import summarize
    from stages.evaluate.table import render_table

    if config_path is not None and predicted is None:
        documents = _evaluate_config(config_path, gold, store)
    elif predicted is not None and gold_beads is not None and config_path is None:
        documents = evaluate_files(predicted, gold_beads).documents
    else:
        raise ConfigError("name a run with --config, or two files or folders of beads: bitext eval PREDICTED GOLD")
    click.echo(json.dumps(summarize(documents), indent=2) if as_json else render_table(documents))


@main.command()
@CONFIG
@click.option("--format", "name", help="tsv, jsonl, parquet, tmx, moses or beads [default: by the output's name].")
@click.option("-o", "--output", type=PATH, required=True, help="The file, or for moses and beads the folder, to write.")
@LIMIT
@STORE
@reported
def export(config_path: Path, name: str | None, output: Path, limit: int | None, store: Path | None) -> int:
    """Write what a run has aligned in one more format.

    \b
    bitext export --config configs/demo.toml --format tmx -o demo.tmx
    """
    from pipeline.commands.single import export_format

    return export_format(_flow(Run(load_config(config_path), limit=limit), store, 1), name, output)


@main.command()
@click.argument("what", type=click.Choice(["encode"]))
@click.option("--tokens", "n_tokens", type=click.IntRange(min=100), help="How much text to encode.")
@reported
def bench(what: str, n_tokens: int | None) -> None:  # noqa: ARG001 (there is one so far)
    """Measure how fast this machine encodes, with a model of LaBSE's shape and with use-multilingual.

    \b
    bitext bench encode
    """
    from pipeline.commands.bench import bench_encode

    bench_encode(out_console(), n_tokens)


@main.command("store")
@STORE
@click.option("--prune", is_flag=True, help="Delete all stored work; records of runs stay.")
@reported
def show_store(store: Path | None, prune: bool) -> None:
    """Show what the store holds, or empty it. All of it can be made again.

    \b
    bitext store
    bitext store --prune
    """
    found = Store(store or default_root())
    if not found.root.is_dir():
        raise StoreError(f"{found.root} is no folder; there is no store until something has been run")
    if prune:
        click.echo(f"freed {size(found.prune())} in {found.root}")
    for table, address, n_files, n_bytes in found.usage():
        click.echo(f"{table:<11} {address:<17} {n_files:>6,} files  {size(n_bytes):>9}")
    click.echo(f"{found.root}")


def _flow(run: Run, store: Path | None, workers: int | None) -> Flow:
    backend = LocalBackend(store or default_root(), workers or run.config.compute.workers)
    return Flow(run, click.get_current_context().with_resource(backend), Progress())


def _evaluate_config(config_path: Path, gold: Path | None, store: Path | None) -> dict[str, Evaluation]:
    config: RunConfig = load_config(config_path)
    if gold is None and config.corpus.gold is None:
        raise ConfigError(f"{config_path} names no [corpus] gold; name the folder with --gold")
    flow = _flow(Run(config), store, 1)
    flow.read_manifest()
    flow.require_beads()
    return evaluate_gold(flow, gold)


if __name__ == "__main__":
    main()
