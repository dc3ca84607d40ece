"""How a run of the project behaves: commands, parameters, hooks, provenance."""
