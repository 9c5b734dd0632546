"""The core's picture: accounts, pools, positions, where each rule stands, and what protects."""
