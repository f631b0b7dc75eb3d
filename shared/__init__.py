"""What labeler and trainer say to each other. Imports neither Flask nor torch."""

__version__ = "0.1.0"
