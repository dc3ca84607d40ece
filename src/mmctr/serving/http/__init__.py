"""A bundle over HTTP; needs the extra ``serving``."""
