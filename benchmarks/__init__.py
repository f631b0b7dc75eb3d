"""Measurements of the real services, each a module with --help; LOG.md keeps what they printed."""
