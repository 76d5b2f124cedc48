"""Disco and Job as users see them, over any cluster."""
