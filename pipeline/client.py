"""Align texts here, at a service or on Modal; with the class `Bertalign` for programs that use the published one.

Only where it is done here does it need more than the base install.

>>> from pipeline.client import Bertalign
>>> aligner = Bertalign(chinese, english, where="https://example.org")
>>> aligner.align_sents()
>>> for source, target in aligner.sent_pairs():
...     print(source, target)
"""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

import click
from pydantic import ValidationError

from pipeline.config.explain import explain
from pipeline.corpus.languages import detect_language
from pipeline.errors import ConfigError, ServiceError
from pipeline.service.wire import TOKEN, AlignAnswer, AlignRequest

if TYPE_CHECKING:
    from stages.encode.encoder import Encoder

DEFAULT_APP = "bitext-serve-labse"
"""What `where="modal"` means: the app that configs/serve/labse.toml deploys."""

BUSY = (429, 503)
"""The statuses of a service that wants to be asked again."""

Text = str | list[str]


def align_remote(
    source: Text,
    target: Text,
    *,
    where: str,
    token: str | None = None,
    timeout_seconds: float = 300,
    source_language: str | None = None,
    target_language: str | None = None,
    max_overlap: int = 4,
    **align_options: Any,
) -> AlignAnswer:
    """Align two texts, or two lists of sentences, elsewhere.

    `where` is the address of a service, "modal" or the name of an app on Modal. A service's token is `token`, or
    $BITEXT_API_TOKEN. Raises ConfigError if the arguments are wrong, ServiceError if there is no answer.
    """
    request = _request(source, target, source_language, target_language, max_overlap, align_options)
    if where.startswith(("http://", "https://")):
        return _ask_service(where, token or os.environ.get(TOKEN), request, timeout_seconds)
    return _ask_modal(DEFAULT_APP if where == "modal" else where, request)


class Bertalign:
    """Aligns two texts as the published classes of this name do, the first one and that of its packages 2.0.

    The arguments mean what they mean there, and by default the method is that of Liu & Zhu (2022) as well.
    `method="bitext"` takes this project's own, which finds more, and has no use for `win`, `skip`, `margin` and
    `len_penalty`. With `is_split` every line is a sentence. `splitter` is called with a text and its language, and
    returns its sentences. `model` is the name of an encoder, or one that is loaded (`stages.encode.load_encoder`).
    `where` says where the work is done: None is here; elsewhere is an encoder already, and `model` can't be chosen.
    """

    def __init__(
        self,
        src: str,
        tgt: str,
        max_align: int = 5,
        top_k: int = 3,
        win: int = 5,
        skip: float = -0.1,
        margin: bool = True,
        len_penalty: bool = True,
        is_split: bool = False,
        *,
        where: str | None = None,
        token: str | None = None,
        source_language: str | None = None,
        target_language: str | None = None,
        model: str | Encoder | None = None,
        splitter: Callable[[str, str], Sequence[str]] | None = None,
        method: str = "bertalign",
    ):
        if model is not None and where is not None:
            raise ConfigError(f"model: {model!r} can't be chosen with where={where!r}, which has one of its own")
        options: dict[str, Any] = {"method": method, "max_bead": max_align, "top_k": top_k}
        classic = {"band_radius": win, "null_score": skip, "use_margin": margin, "use_length": len_penalty}
        if method == "bertalign":
            options |= classic
        elif (win, skip, margin, len_penalty) != (5, -0.1, True, True):
            raise ConfigError(f"win, skip, margin and len_penalty mean nothing with method={method!r}; leave them out")
        languages = (source_language, target_language)
        self._texts: tuple[Text, Text] = (_lines(src), _lines(tgt)) if is_split else (src, tgt)
        if splitter is not None and not is_split:
            languages = (source_language or _language(src, "source"), target_language or _language(tgt, "target"))
            self._texts = (list(splitter(src, str(languages[0]))), list(splitter(tgt, str(languages[1]))))
        self._languages = {"source_language": languages[0], "target_language": languages[1]}
        self._options, self._max_overlap = options, max(1, max_align - 1)
        self._where, self._token, self._model = where, token, model
        self._answer: AlignAnswer | None = None

    def align_sents(self) -> None:
        """Align the texts; the results are attributes."""
        options = {**self._languages, "max_overlap": self._max_overlap, **self._options}
        if self._where is None:
            self._answer = _align_here(*self._texts, self._model or "auto", options)
        else:
            self._answer = align_remote(*self._texts, where=self._where, token=self._token, **options)

    @property
    def result(self) -> list[tuple[list[int], list[int]]]:
        """The beads: positions of source sentences, and of target sentences."""
        return [
            (list(range(bead.source_start, bead.source_stop)), list(range(bead.target_start, bead.target_stop)))
            for bead in self._aligned.beads
        ]

    @property
    def src_sents(self) -> list[str]:
        """The sentences of the source."""
        return self._aligned.source_sentences

    @property
    def tgt_sents(self) -> list[str]:
        """The sentences of the target."""
        return self._aligned.target_sentences

    def sent_pairs(self) -> list[tuple[str, str]]:
        """Return the texts of the beads: source and target; one of them is empty where there is no translation."""
        return [(bead.source, bead.target) for bead in self._aligned.beads]

    def print_sents(self) -> None:
        """Print the beads: source, target, and an empty line."""
        for bead in self._aligned.beads:
            click.echo(f"{bead.source}\n{bead.target}\n")

    @property
    def _aligned(self) -> AlignAnswer:
        """The answer; raises RuntimeError where there is none yet."""
        if self._answer is None:
            raise RuntimeError("the texts are not aligned yet; call align_sents() first")
        return self._answer


def _language(text: str, side: str) -> str:
    """Return the language of a text; raises ConfigError where it can't be told."""
    found = detect_language(text).language
    if found is None:
        raise ConfigError(f"the language of the {side} can't be told; give {side}_language")
    return found


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _request(
    source: Text,
    target: Text,
    source_language: str | None,
    target_language: str | None,
    max_overlap: int,
    options: dict[str, Any],
) -> AlignRequest:
    given = {"source": source, "target": target, "max_overlap": max_overlap, "options": options}
    languages = {"source_language": source_language, "target_language": target_language}
    try:
        return AlignRequest.model_validate(given | languages)
    except ValidationError as error:
        raise ConfigError.from_problems("the request", explain(error, AlignRequest)) from None


def _align_here(source: Text, target: Text, encoder: str | Encoder, options: dict[str, Any]) -> AlignAnswer:
    from pipeline.api import align_texts
    from pipeline.service.worker import answer

    name = encoder if isinstance(encoder, str) else encoder.info.id
    return answer(align_texts(source, target, encoder=encoder, **options), name)


def _ask_modal(app: str, request: AlignRequest) -> AlignAnswer:
    import modal
    from modal.exception import Error, NotFoundError

    try:
        service = modal.Cls.from_name(app, "Service")()
        answer = service.align.remote(request.model_dump(exclude_unset=True))
    except NotFoundError as error:
        raise ServiceError(f"{app} on Modal: {error}; deploy it with: modal deploy -m pipeline.serve") from error
    except (Error, ValueError) as error:
        raise ServiceError(f"{app} on Modal: {error}") from error
    return AlignAnswer.model_validate(answer)


def _ask_service(url: str, token: str | None, request: AlignRequest, seconds: float) -> AlignAnswer:
    """Ask a service, and again while it is busy."""
    asked = urllib.request.Request(f"{url.rstrip('/')}/v1/align", request.model_dump_json(exclude_unset=True).encode())
    asked.add_header("Content-Type", "application/json")
    if token is not None:
        asked.add_unredirected_header("Authorization", f"Bearer {token}")  # it is for this address only
    deadline = time.monotonic() + seconds
    for wait in _waits():
        try:
            with urllib.request.urlopen(asked, timeout=seconds) as answer:
                return AlignAnswer.model_validate_json(answer.read())
        except urllib.error.HTTPError as error:
            wait = max(wait, _retry_after(error))
            if error.code not in BUSY or time.monotonic() + wait > deadline:
                raise ServiceError(f"{url} answers {error.code}: {_detail(error)}") from None
            time.sleep(wait)
        except (OSError, HTTPException, ValidationError) as error:
            raise ServiceError(f"{url} gives no answer: {getattr(error, 'reason', error)}") from error
    raise AssertionError("unreachable")


def _waits() -> Iterator[float]:
    """Seconds between one try and the next, where the service doesn't say."""
    wait = 0.5
    while True:
        yield wait
        wait = min(10.0, wait * 2)


def _retry_after(error: urllib.error.HTTPError) -> float:
    given = error.headers.get("Retry-After", "")
    return float(given) if given.isdecimal() else 0.0


def _detail(error: urllib.error.HTTPError) -> str:
    """Return what a problem says, or the status's own words."""
    try:
        return str(json.loads(error.read())["detail"])
    except (ValueError, KeyError, TypeError, OSError):
        return str(error.reason)
