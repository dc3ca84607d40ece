"""What a run found, for people: figures, sections, pages and the model's card."""
