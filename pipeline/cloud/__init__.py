"""Modal: the app and its images, what happens inside a container, and who drives it from a laptop or every night."""
