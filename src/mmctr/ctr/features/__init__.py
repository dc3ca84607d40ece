"""Item features as embeddings: ids, tags, levels, vectors, codes."""
