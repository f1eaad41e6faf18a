"""`make chaos`: many answers while everything breaks at random, by a seed. Then every answer is checked.

This is no pytest test. It takes minutes, and what it finds depends on timing. `plans` draws the faults of
each answer, and `faults` those of the whole site. `stack`, `api` and `pages` are the real parts, and
`verdict` judges.
"""
