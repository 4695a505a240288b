"""The modules here need what only the suite needs: ``make array-api`` loads them."""

collect_ignore = ["plugin.py", "shim.py"]
