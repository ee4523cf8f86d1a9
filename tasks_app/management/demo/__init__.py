"""Example tasks and an invented history, for a platform that somebody wants to look at, or to measure."""
