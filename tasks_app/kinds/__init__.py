"""The built-in task types, one file each."""
