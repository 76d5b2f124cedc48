"""The node's side of Disco, as job functions see it."""
