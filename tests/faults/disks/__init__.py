"""A disk that is full, read-only, broken or rotten, and what the bot and its journal make of it.

``python -m tests.faults.disks`` runs it by hand. What is real: the process, SQLite, the file system. A full
disk is a small one of memory; an error of the disk is one that strace puts in place of the kernel's answer.
"""
