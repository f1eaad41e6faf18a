"""Runs answers: from the queue through a thread and the channel layer to the saved row."""
