"""What each operation costs at 1,000 and at 1,000,000 answers, on both databases: `make bench-rows`."""
