"""`make chaos`: many answers, and whatever may break breaks, by a seed; then every answer is accounted for.

Not a test of pytest's: it takes minutes, and what it finds depends on time. `plans` draws what befalls each
answer, `faults` what befalls everybody; `stack`, `api` and `pages` are the real parts; `verdict` judges.
"""
