"""Who watches the guard: the loop, the process, and those outside who are told that it is well."""
