"""Every Parquet table, column by column, in the order of the stages.

Positions and character offsets count from 0; spans are half-open: `start <= x < stop`. Characters are Unicode code
points of the normalised text. The rows of a key lie together in a row group, and a file names its keys (see `store`).
"""

import pyarrow as pa

TEXTS = pa.schema(
    [
        pa.field("document", pa.string(), nullable=False),  # who it is: see manifest.document_id
        pa.field("language", pa.string(), nullable=False),  # a standard tag: de, zh-Hant
        pa.field("text", pa.large_string(), nullable=False),  # normalised; all spans refer to it
    ]
)

SENTENCES = pa.schema(
    [
        pa.field("document", pa.string(), nullable=False),
        pa.field("paragraph", pa.int32(), nullable=False),
        pa.field("position", pa.int32(), nullable=False),
        pa.field("start", pa.int32(), nullable=False),  # text[start:stop] is the sentence
        pa.field("stop", pa.int32(), nullable=False),
        pa.field("text", pa.large_string(), nullable=False),  # empty for an empty position
        pa.field("heading", pa.int8(), nullable=False),  # its level from 1 to 6; 0 for what is no heading
        pa.field("unit", pa.int32(), nullable=False),  # of a bilingual file, counted from 1; else 0
    ]
)

REQUESTED = pa.schema(
    [
        pa.field("document", pa.string(), nullable=False),
        pa.field("overlap_size", pa.int16(), nullable=False),  # at least 2, or PIECES
        pa.field("stop", pa.int32(), nullable=False),  # as in the vectors
    ]
)

BEADS = pa.schema(
    [
        pa.field("source_document", pa.string(), nullable=False),
        pa.field("target_document", pa.string(), nullable=False),
        pa.field("source_start", pa.int32(), nullable=False),  # positions of sentences
        pa.field("source_stop", pa.int32(), nullable=False),
        pa.field("target_start", pa.int32(), nullable=False),
        pa.field("target_stop", pa.int32(), nullable=False),
        pa.field("similarity", pa.float32(), nullable=False),  # cosine of the two sides; 0 for a null bead
        pa.field("score", pa.float32(), nullable=False),  # what the dynamic program added for the bead
        pa.field("confidence", pa.float32(), nullable=False),  # 0 to 1; nan where the method has no measure of it
        pa.field("similarity_map", pa.binary()),  # with the first bead of a pair: see stages.report.dotplot
    ]
)

_SIDE = [
    pa.field("path", pa.string(), nullable=False),  # where it was found, as the config would write it
    pa.field("document", pa.string(), nullable=False),
    pa.field("language", pa.string(), nullable=False),
    pa.field("is_split", pa.bool_(), nullable=False),
    pa.field("chars", pa.int64(), nullable=False),
    pa.field("times", pa.string()),  # of subtitles: see manifest.pack_times
    pa.field("bilingual_file", pa.string()),  # a digest of the file, if it has units of several languages
    pa.field("parts", pa.string()),  # of a document in several files: see manifest.pack_parts
    pa.field("is_here", pa.bool_(), nullable=False),  # no earlier shard has it
    pa.field("file", pa.string(), nullable=False),  # where it lies, and in which state that file was
    pa.field("row", pa.string()),  # of a file of many documents
    pa.field("declared", pa.string(), nullable=False),  # the language that the config says, or "auto"
    pa.field("size", pa.int64(), nullable=False),  # bytes; -1 where the state tells nothing
    pa.field("changed_ns", pa.int64(), nullable=False),  # nanoseconds since 1970
]

MANIFEST = pa.schema(
    [pa.field("pair_id", pa.string(), nullable=False)]
    + [field.with_name(f"{side}_{field.name}") for side in ("source", "target") for field in _SIDE]
)

FAILURES = pa.schema(
    [
        pa.field("stage", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),  # the path of a document, or a pair_id
        pa.field("reason", pa.string(), nullable=False),
        pa.field("traceback", pa.string(), nullable=False),  # empty where the reason says it all
    ]
)


def embeddings(dimensions: int) -> pa.Schema:
    """Return the columns of the vectors of an encoder that gives so many dimensions."""
    return pa.schema(
        [
            pa.field("document", pa.string(), nullable=False),
            pa.field("overlap_size", pa.int16(), nullable=False),  # how many sentences were joined, or PIECES
            pa.field("stop", pa.int32(), nullable=False),  # one past the last of them; or the number of a piece
            pa.field("vector", pa.list_(pa.float16(), dimensions), nullable=False),  # unit length
        ]
    )


def summaries(dimensions: int) -> pa.Schema:
    """Return the columns of what is kept of documents to find their counterparts: see stages.pairing.summary."""
    return pa.schema(
        [
            pa.field("document", pa.string(), nullable=False),
            pa.field("weighted", pa.list_(pa.float32(), dimensions), nullable=False),  # sum of weighted vectors
            pa.field("total", pa.list_(pa.float32(), dimensions), nullable=False),  # sum of vectors
            pa.field("weight", pa.float64(), nullable=False),
            pa.field("sentences", pa.int32(), nullable=False),  # with text
            pa.field("chars", pa.int64(), nullable=False),  # of these sentences
        ]
    )
