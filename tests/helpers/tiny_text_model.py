"""A sentence-transformers model, tiny and untrained."""

from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import BertConfig, BertModel, BertTokenizer

WORDS = ["red", "blue", "small", "car", "bread", "oven", "for", "the", "very", "long"]


def write_text_model(folder: Path) -> Path:
    """Save one, and return its directory."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = folder / "vocab.txt"
    digits = [*"0123456789", *(f"##{x}" for x in range(10))]
    vocabulary.write_text("\n".join([*special, *WORDS, *digits]))
    config = BertConfig(
        vocab_size=len(special) + len(WORDS) + len(digits),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    torch.manual_seed(5)
    BertModel(config).save_pretrained(folder / "plain")
    BertTokenizer(str(vocabulary)).save_pretrained(folder / "plain")
    transformer = Transformer(str(folder / "plain"), max_seq_length=64)
    model = SentenceTransformer(modules=[transformer, Pooling(32)], device="cpu")
    model.save(str(folder / "saved"))
    return folder / "saved"
