"""Who gets through which door: every address, method and person."""
