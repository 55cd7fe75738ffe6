"""Rendered scenes with exact masks: pictures for training, tests and demonstrations."""
