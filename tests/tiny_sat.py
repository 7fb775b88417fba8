"""A SaT model small enough to make in a test, which has learnt one thing: a sentence ends at a semicolon."""

from __future__ import annotations

import warnings
from pathlib import Path

LETTERS = "abcdefghijklmnopqrstuvwxyz;.,"


def save_tiny_sat(folder: Path) -> Path:
    """Save a model with its tokenizer, as wtpsplit loads it, and return its folder."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from wtpsplit.configs import SubwordXLMConfig
        from wtpsplit.models import SubwordXLMForTokenClassification

    special = ["<s>", "<pad>", "</s>", "<unk>"]
    words = {word: number for number, word in enumerate([*special, "▁", *LETTERS])}
    tokenizer = Tokenizer(models.Unigram([(word, -1.0) for word in words], unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A </s>", None, [("<s>", 0), ("</s>", 2)])
    names = {"bos_token": "<s>", "cls_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "sep_token": "</s>"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", **names).save_pretrained(folder)
    torch.manual_seed(0)
    config = SubwordXLMConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=514, num_labels=1, pad_token_id=1, bos_token_id=0, eos_token_id=2, lookahead=48,
    )  # fmt: skip
    model = SubwordXLMForTokenClassification(config)
    steps = torch.optim.Adam(model.parameters(), lr=0.02)
    model.train()
    for _ in range(60):
        ids = torch.randint(4, len(words), (8, 40))
        logits = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[..., 0]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, (ids == words[";"]).float())
        steps.zero_grad()
        loss.backward()
        steps.step()
    model.eval().save_pretrained(folder)
    return folder
