"""The pages in a real browser, in front of the whole platform."""
