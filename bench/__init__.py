"""How fast askme is: `make bench`. Ratios of one run on one machine, never a timed test.

`api` is the API: it streams tokens that carry their number and the moment they were sent. `pages` are the
browsers: they ask, and know of each token how late it came, and whether one was lost or came twice. `servers`
are askme, in each shape that it is run in, and two references: a raw `proxy`, and the `plain` way to stream
in Channels. `measure` lets them meet, `__main__` does so for all, and `report` writes RESULTS.md.
"""
