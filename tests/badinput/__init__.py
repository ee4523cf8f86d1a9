"""Bad input: one table of what must be refused, sent through the API, the pages and the admin of a real server."""
