"""What the platform does when its parts fail."""
