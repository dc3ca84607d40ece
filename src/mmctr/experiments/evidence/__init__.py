"""What holds on more than one log: differences of several ablations, combined."""
