"""Titles through OpenAI's embeddings API, one by one or as batches."""
