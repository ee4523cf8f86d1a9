"""The HTTP API: read the input, ask a service or a selector, write the answer."""
