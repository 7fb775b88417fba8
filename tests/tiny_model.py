"""A sentence-transformers model of LaBSE's modules, small enough to make in a test: BERT, CLS, Dense, Normalize."""

from __future__ import annotations

from pathlib import Path

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz", *".,:!?"]
VOCABULARY += [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
DIMENSIONS = 16
MAX_TOKENS = 12


def save_tiny_model(folder: Path, seed: int = 0) -> Path:
    """Save a model with random weights that takes `MAX_TOKENS` tokens, a letter each, and return its folder."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(seed)
    body = folder.with_name(f"{folder.name}-body")
    body.mkdir(parents=True)
    (body / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    BertTokenizerFast(str(body / "vocab.txt"), model_max_length=MAX_TOKENS).save_pretrained(body)
    shape = BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=DIMENSIONS,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
    )
    BertModel(shape).save_pretrained(body)
    transformer = Transformer(str(body), max_seq_length=MAX_TOKENS)
    modules = [transformer, Pooling(DIMENSIONS, "cls"), Dense(DIMENSIONS, DIMENSIONS), Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder))
    return folder
