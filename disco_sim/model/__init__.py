"""Frozen values that every part shares: clusters, jobs, plans, work, events; and pure functions that make them."""
