"""A file for FFmpeg that ends with a whole fragment whatever happens to the disk."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

# Most fragments fit, and so are there as a whole or not at all when the process is killed.
BUFFER_BYTES = 1 << 20
# `hybrid_fragmented` turns the fragments into one ordinary movie when it is closed, in place.
OPTIONS = {
    "movflags": "frag_keyframe+delay_moov+default_base_moof+hybrid_fragmented",
    "frag_duration": "500000",
    "flush_packets": "1",
    # Packets come in order; where one track has ended the other must not wait for it.
    "max_interleave_delta": "1",
}


class OutputFile:
    """A file for FFmpeg that remembers its first failure and from then on stays as it is.

    FFmpeg forgets some failures of writing. And it ends a movie by rewriting its beginning, which
    is right only when all of it is there.

    Attributes:
        error: The first failure, None as long as there is none.
    """

    def __init__(self, path: Path) -> None:
        """Make the file, or an older one empty.

        Raises:
            OSError: It cannot be written.
        """
        self._file = path.open("wb", buffering=0)
        self._whole = 0
        self.error: OSError | None = None

    @property
    def closed(self) -> bool:
        """Tell whether the file is closed."""
        return self._file.closed

    def write(self, data: bytes) -> int:
        """Write all of it, or nothing once something failed; called by FFmpeg."""
        left = memoryview(data)
        try:
            while left and self.error is None:
                left = left[self._file.write(left) or 0 :]
        except OSError as error:
            self.error = error
        return len(data)

    def seek(self, offset: int, whence: int) -> int:
        """Move; called by FFmpeg."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the place in the file; called by FFmpeg."""
        return self._file.tell()

    def commit(self) -> None:
        """Note that the file ends with a whole fragment."""
        if self.error is None:
            self._whole = self._file.tell()

    def finish(self) -> None:
        """Close the file, without the half of a fragment that a full disk left."""
        if self.error is not None:
            with suppress(OSError):
                self._file.truncate(self._whole)
        self._file.close()
