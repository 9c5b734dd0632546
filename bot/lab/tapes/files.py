"""From a path to the uncompressed bytes of a tape, or to one clear error."""

import gzip
import io
import stat
import zlib
from pathlib import Path

from bot.lab.tapes.errors import TapeError

SIZE_MAX = 1 << 30
"""A tape is read at once; this many uncompressed bytes (about ten years of one-minute bars) is the most."""

_GZIP = b"\x1f\x8b"


def read_bytes(path: Path) -> bytes:
    """The bytes of a file, unpacked if it is gzip; TapeError if unreadable, empty or too large."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a directory" if stat.S_ISDIR(status.st_mode) else "no regular file"
            raise TapeError(path, None, f"this is {kind}", "give the path of a tape file")
        if status.st_size > SIZE_MAX:
            raise _too_large(path)
        raw = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "the file cannot be read").lower()
        raise TapeError(path, None, reason, "check the path and its permissions") from error
    except ValueError as error:
        raise TapeError(ascii(str(path)), None, "this is no path", "give the path of a tape file") from error
    data = _unpacked(path, raw) if raw.startswith(_GZIP) else raw
    if not data.strip():
        raise TapeError(path, None, "the tape is empty", "record or download it again")
    return data


def _unpacked(path: Path, raw: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as stream:
            data = stream.read(SIZE_MAX + 1)
    except (OSError, EOFError, zlib.error) as error:
        found = f"the gzip data is damaged or cut short ({error})"
        raise TapeError(path, None, found, "download it again") from error
    if len(data) > SIZE_MAX:
        raise _too_large(path)
    return data


def _too_large(path: Path) -> TapeError:
    return TapeError(path, None, f"the tape has more than {SIZE_MAX:,} bytes", "cut it into shorter tapes")
