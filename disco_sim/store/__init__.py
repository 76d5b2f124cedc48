"""What was produced: the log, blobs, tags and out-of-band results."""
