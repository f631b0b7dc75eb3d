"""One blueprint per area; each is made by a function that is handed what it needs."""
