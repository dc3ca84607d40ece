"""From cover images to vectors."""
