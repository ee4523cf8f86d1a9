"""PostgreSQL as Django has it, with an answer to servers that refuse writes and to poolers."""
