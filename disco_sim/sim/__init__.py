"""When and where: virtual time, costs, luck and scheduling. Knows no user code and no stored data."""
