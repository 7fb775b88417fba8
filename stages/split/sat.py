"""SaT, a neural splitter of wtpsplit, for noisy text, speech and languages without rules.

Frohmann et al., "Segment Any Text", EMNLP 2024. A model takes gigabytes to install and a GPU to be fast.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

TOKENIZER = "facebookAI/xlm-roberta-base"
"""What the published models were trained with; a folder brings its own."""


def ends_by_sat(paragraph: str, model: str) -> list[int]:
    """Return the positions where sentences end within a paragraph without newlines; its own end is left out."""
    ends, position = [], 0
    for piece in _load(model).split(paragraph):
        position += len(piece)
        ends.append(position)
    if position != len(paragraph):
        raise AssertionError(f"SaT gave back {position:,} of {len(paragraph):,} characters")
    return ends[:-1]


@lru_cache(maxsize=1)
def _load(model: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecations that are the libraries' own
            from wtpsplit import SaT
    except ImportError as error:
        raise RuntimeError(
            f"split.splitter = \"sat\" needs wtpsplit ({error}); pip install '.[sat]' in the project's folder"
        ) from error
    try:
        return SaT(model, tokenizer_name_or_path=model if Path(model).is_dir() else TOKENIZER)
    except OSError as error:
        raise RuntimeError(
            f"the SaT model {model} can't be loaded: {error}; expected the name of one on the Hugging Face hub, such "
            "as sat-3l-sm, or the folder of one"
        ) from error
