"""From titles and covers to vectors, and from vectors to codes."""
