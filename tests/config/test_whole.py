"""A file is whole or what it was before, and what prevents it says which file it was."""

import errno
from pathlib import Path

import pytest

from bot.config.whole import write_whole

FULL = Path("/dev/full")


def test_a_file_is_written_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("old", encoding="utf-8")
    write_whole(path, "new")
    assert path.read_text(encoding="utf-8") == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
def test_a_full_disk_leaves_what_was_there_and_is_named(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("old", encoding="utf-8")
    (tmp_path / "page.md.new").symlink_to(FULL)
    with pytest.raises(OSError, match="No space") as caught:
        write_whole(path, "new")
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(path)
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]
