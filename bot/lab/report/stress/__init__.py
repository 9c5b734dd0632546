"""The report of a stress test: from each trial, as soon as it has ended, to the page of all of them."""
