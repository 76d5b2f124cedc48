"""The worker of map and reduce jobs."""
