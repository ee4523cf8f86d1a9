"""What stands behind the forms: fields as data, made from a JSON Schema or by hand, read back into plain values."""
