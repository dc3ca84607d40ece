"""How the vectors of several modalities are normalised."""
