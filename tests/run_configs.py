"""Configs of runs, made up in Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.config.run_config import RunConfig, make_config


def config_of(**sections: dict[str, Any]) -> RunConfig:
    values: dict[str, Any] = {
        "name": "test",
        "corpus": {"documents": "{language}/*.txt", "pairs": ["en-de"]},
        "encode": {"encoder": "use-multilingual"},
    }
    for name, section in sections.items():
        values[name] = {**values.get(name, {}), **section}
    return make_config(values, "test.toml", Path())
