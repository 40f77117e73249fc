"""Trail: who edited, explained and discovered what, as chains that tell when they were touched.

entry.py      one act: opened when it begins, written when it ends
writer.py     the chains of this process, in the object store
signing.py    Ed25519 signatures of heads
reading.py    chains from a store, and out of it into a folder
__main__.py   `python -m services.trail verify | export`
"""

from services.trail.entry import Entry, Trail
from services.trail.writer import TrailWriter, open_trail

__all__ = ["Entry", "Trail", "TrailWriter", "open_trail"]
