"""What the backends share in reading models that were written by hand in a framework."""

__all__: list[str] = []
