"""The gate: when a patch ships. Pure: what it decides on is handed in, and nothing here reads a clock or a disk."""
