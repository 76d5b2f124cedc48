"""Tools for those who work on disco_sim; the package itself does not need them."""
