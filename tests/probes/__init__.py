"""An app of task types that misbehave on purpose, for tests with real workers."""
