"""The tests, in tiers: a folder each, named by what it needs. CONTRIBUTING.md describes them."""
