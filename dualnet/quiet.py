"""Keeping the start-up chatter of native libraries off standard error."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["quietly"]

#: Descriptor 2 belongs to the process: two blocks at once would put back each other's.
_lock = threading.RLock()


@contextmanager
def quietly() -> Iterator[None]:
    """A block whose writes to file descriptor 2 are dropped, unless the block fails.

    Native libraries write there past ``sys.stderr``.  ``DUALNET_VERBOSE=1`` lets
    everything through; after an exception what was held back is written.
    """
    if os.environ.get("DUALNET_VERBOSE"):
        yield
        return
    import tempfile  # slow to import, needed only where a framework is loaded

    with _lock, tempfile.TemporaryFile() as held:
        sys.stderr.flush()
        original = os.dup(2)
        os.dup2(held.fileno(), 2)
        failed = True
        try:
            yield
            failed = False
        finally:
            os.dup2(original, 2)
            os.close(original)
            if failed:
                held.seek(0)
                os.write(2, held.read())
