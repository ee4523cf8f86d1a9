"""The WebSocket, from a committed transition to the client's frame."""
