"""How titles become vectors: a protocol and its providers.

Importing this package is quick: torch, sentence-transformers, the openai SDK and
scikit-learn are imported by the provider that needs them.
"""
