"""What happens to a question before it runs: who asks, validation, limits, and the conversation so far."""
