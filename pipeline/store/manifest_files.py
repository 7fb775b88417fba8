"""The manifest of a run on disk: a file for each shard, named by what it holds, and a header that lists them.

<root>/runs/<name>/manifest/<file>.parquet
<root>/runs/<name>/manifest/manifest.json
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import CorruptFile, StoreError
from pipeline.exports.filenames import file_name
from pipeline.manifest import Document, DocumentPair, ListedPair, Manifest, Origin, Shard
from pipeline.store import schema
from pipeline.store.files import STALE_SECONDS, has_text, whole_file, write_text

FOLDER = "manifest"
HEADER = "manifest.json"
SUFFIX = ".parquet"


def pack_shard(pairs: Sequence[ListedPair]) -> tuple[str, bytes]:
    """Return the digest of a shard and its file.

    The states of the files that its documents came from are no part of the digest: a file that is only copied anew
    makes nothing new.
    """
    rows = [_columns(listed) for listed in pairs]
    table = pa.table(dict(zip(schema.MANIFEST.names, zip(*rows, strict=True), strict=True)), schema=schema.MANIFEST)
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", write_statistics=False)
    told_apart = repr([(one.pair, one.source_is_here, one.target_is_here) for one in pairs])
    return _digest(told_apart.encode(errors="surrogatepass")), sink.getvalue()


def unpack_shard(data: bytes, named: Collection[str] | None = None) -> list[ListedPair]:
    """Return the pairs of a shard; perhaps only those whose ids, or the names of whose files, are among `named`."""
    # Not pq.read_table, which takes several times as long to open a file.
    with pq.ParquetFile(io.BytesIO(data)) as file:
        table = file.read(use_threads=False)
    if named is not None:
        ids = table["pair_id"].to_pylist()
        table = table.filter(pa.array([name in named or file_name(name) in named for name in ids], pa.bool_()))
    columns = table.to_pydict()
    nothing = [None] * table.num_rows  # a manifest of an earlier release has no times, bilingual files or parts
    rows = zip(*(columns.get(name, nothing) for name in schema.MANIFEST.names), strict=True)
    return [_listed(row) for row in rows]


class ManifestFolder:
    """The folder of a run's manifest."""

    def __init__(self, path: Path):
        self.path = path

    def has(self, file: str) -> bool:
        """Say whether the file of a shard is there."""
        return (self.path / f"{file}{SUFFIX}").is_file()

    def write_shard(self, data: bytes) -> str:
        """Write the file of a shard, unless it is there; return its name."""
        file = _digest(data)
        if not self.has(file):
            with whole_file(self.path / f"{file}{SUFFIX}") as temporary:
                temporary.write_bytes(data)
        return file

    def read_bytes(self, shard: Shard) -> bytes:
        """Return the file of a shard; raises CorruptFile (and removes it) where it isn't what was written."""
        path = self.path / f"{shard.file}{SUFFIX}"
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise CorruptFile(f"{path} is gone, to be made again by a run") from None
        except OSError as error:
            raise StoreError(f"{path} can't be read: {error.strerror}") from error
        if _digest(data) != shard.file:
            with suppress(FileNotFoundError):
                path.unlink()
            raise CorruptFile(f"{path}: checksum mismatch; removed, to be made again by a run")
        return data

    def read(self, shard: Shard, named: Collection[str] | None = None) -> list[ListedPair]:
        """Return the pairs of a shard, perhaps only some: see `unpack_shard`; raises as `read_bytes`."""
        return unpack_shard(self.read_bytes(shard), named)

    def pairs(self, manifest: Manifest) -> Iterator[DocumentPair]:
        """Give all pairs, in the order of the corpus; raises as `read_bytes`."""
        for shard in manifest.shards:
            yield from (listed.pair for listed in self.read(shard))

    def read_header(self) -> Manifest | None:
        """Return the manifest as it was read last; None where there is none, or none that can be read."""
        try:
            return Manifest.from_json((self.path / HEADER).read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write_header(self, manifest: Manifest) -> None:
        """Keep a manifest, unless it is there; shards that it doesn't list go when no run can be using them."""
        text = manifest.to_json()
        if has_text(self.path / HEADER, text):
            return
        write_text(self.path / HEADER, text)
        listed = {f"{shard.file}{SUFFIX}" for shard in manifest.shards}
        for path in self.path.glob(f"*{SUFFIX}"):
            with suppress(FileNotFoundError):
                if path.name not in listed and time.time() - path.stat().st_mtime > STALE_SECONDS:
                    path.unlink()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _columns(listed: ListedPair) -> tuple[object, ...]:
    pair, source_is_here, target_is_here, source_origin, target_origin = listed
    source = _side_columns(pair.source, source_is_here, source_origin)
    return (pair.pair_id, *source, *_side_columns(pair.target, target_is_here, target_origin))


def _side_columns(document: Document, is_here: bool, origin: Origin) -> tuple[object, ...]:
    one = document
    kept = one.times or None, one.bilingual_file or None, one.parts or None
    return (one.path, one.id, one.language, one.is_split, one.n_chars, *kept, is_here, *origin)


def _listed(row: tuple[object, ...]) -> ListedPair:
    pair_id, *sides = row
    half = len(sides) // 2
    source, source_is_here, source_origin = _side(sides[:half])
    target, target_is_here, target_origin = _side(sides[half:])
    pair = DocumentPair(str(pair_id), source, target)
    return ListedPair(pair, source_is_here, target_is_here, source_origin, target_origin)


def _side(values: Sequence[object]) -> tuple[Document, bool, Origin]:
    path, identity, language, is_split, n_chars, times, bilingual_file, parts, is_here, *origin = values
    kept = times or "", bilingual_file or "", parts or ""
    document = Document(identity, language, is_split, n_chars, path, *kept)  # type: ignore[arg-type]
    return document, bool(is_here), Origin(*origin)  # type: ignore[arg-type]
