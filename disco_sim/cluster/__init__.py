"""Who runs a plan: clusters, which turn job requests into events."""
