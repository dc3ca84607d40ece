"""Fast, exact click-through-rate models on item tables and click logs."""
