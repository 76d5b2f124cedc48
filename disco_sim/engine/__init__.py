"""Who computes one task run: engines, handed to a cluster as objects."""
