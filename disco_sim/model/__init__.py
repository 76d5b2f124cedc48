"""Frozen values that every part shares: clusters, jobs, plans, work, events. They compute nothing and know no part."""
