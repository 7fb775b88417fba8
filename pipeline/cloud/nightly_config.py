"""configs/nightly.toml: which runs happen every night, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, field_validator

from pipeline.config.explain import explain
from pipeline.config.run_config import RunConfig, load_config, read_toml, weights_file
from pipeline.corpus.intake import lies_with_store
from pipeline.errors import ConfigError
from stages.config import Section


class NightlyConfig(Section):
    """What is run every night."""

    name: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    """Its name among several: on Modal the app is called bitext-nightly-<name>; bitext-nightly without one."""

    schedule: str = "0 2 * * *"
    """When, as cron writes it: minute, hour, day of the month, month, day of the week."""

    time_zone: str = "UTC"
    """In which time zone that is, such as "Europe/Berlin"."""

    configs: tuple[str, ...] = Field(min_length=1)
    """The configs to run, one after the other, relative to this file; their corpora lie on the Volume or bucket."""

    keep_nights: int = Field(default=7, ge=0)
    """How many nights' exports are kept beside the latest."""

    max_dollars: float | None = Field(default=None, gt=0)
    """What a night may cost, all its configs together: it is stopped before, and the next one goes on from there."""

    webhook_secret: str | None = None
    """The name of a Modal Secret with BITEXT_WEBHOOK_URL, which is told of every night that goes wrong."""

    @property
    def app_name(self) -> str:
        """Return what the app is called on Modal."""
        return f"bitext-nightly-{self.name}" if self.name else "bitext-nightly"

    @field_validator("schedule")
    @classmethod
    def _has_five_fields(cls, schedule: str) -> str:
        if len(schedule.split()) != 5:
            raise ValueError(f'schedule: {schedule!r} is not valid; it must have five fields, such as "0 2 * * *"')
        return schedule

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, time_zone: str) -> str:
        try:
            ZoneInfo(time_zone)
        except (KeyError, OSError, ValueError):
            raise ValueError(f'time_zone: {time_zone!r} is not known; it must be such as "Europe/Berlin"') from None
        return time_zone


def load_nightly(path: Path) -> tuple[NightlyConfig, list[RunConfig]]:
    """Read what is run every night, and the configs it names; raises ConfigError with all that is wrong."""
    try:
        nightly = NightlyConfig.model_validate(read_toml(path, advice="name a file like configs/nightly.toml"))
    except ValidationError as error:
        raise ConfigError.from_problems(str(path), explain(error, NightlyConfig)) from None
    configs = [load_config(path.parent / name) for name in nightly.configs]
    problems = [*_problems(nightly, configs), *_problems_of_weights(path.parent, nightly.configs)]
    if problems:
        raise ConfigError.from_problems(str(path), problems)
    return nightly, [_without_gold(config) for config in configs]


def _problems(nightly: NightlyConfig, configs: list[RunConfig]) -> Iterator[str]:
    names: dict[str, str] = {}
    for file, config in zip(nightly.configs, configs, strict=True):
        if Path(file).is_absolute() or ".." in Path(file).parts:
            yield f"configs: {file!r} must lie beside or below this file: it is sent along"
        if not lies_with_store(config.corpus):
            yield f"configs: the corpus of {file!r} is on this machine; put it on the Volume, and write volume:…"
        if config.name in names:
            yield f"configs: {file!r} and {names[config.name]!r} have the same name, {config.name!r}"
        names[config.name] = file


def _problems_of_weights(folder: Path, configs: Iterable[str]) -> Iterator[str]:
    for file in configs:
        weights = weights_file(folder / file)
        if weights and not weights.resolve().is_relative_to(folder.resolve()):
            yield f"configs: {weights}, weights of {file!r}, must lie beside or below this file: it is sent along"


def _without_gold(config: RunConfig) -> RunConfig:
    """Gold lies beside the config, on the user's machine; a night goes without."""
    return config.model_copy(update={"corpus": config.corpus.model_copy(update={"gold": None})})
