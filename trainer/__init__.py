"""The continuous trainer: embeds the pool, fits a model after every batch of labels, orders what is asked next."""
