"""The asynchronous shell: it brings the facts, carries out decisions and keeps the journal."""
