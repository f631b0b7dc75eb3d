"""What labeler and trainer say to each other. Imports neither Flask nor torch."""
