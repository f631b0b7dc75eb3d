"""Embedding spaces (what an image becomes) and the head (what is fitted on it)."""
