"""Speed, printed beside the floor it is measured against. Nothing here fails on an absolute time."""
