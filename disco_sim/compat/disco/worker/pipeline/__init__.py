"""Jobs of any number of stages."""
