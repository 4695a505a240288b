"""What runs the array API standard's own test suite: see ``docs/array_api.md``."""
