"""How fast askme is: `make bench`. The results are ratios within one run on one machine, not a timed test.

`api` is the API: it streams tokens that contain their number and the time they were sent. `pages` are the
browsers: they ask, and record how late each token arrived, and whether any was lost or duplicated. `servers`
are askme, in each way that it can be run, and two references: a raw `proxy`, and the `plain` way to stream in
Channels. `measure` makes one measurement, `__main__` makes all of them, and `report` writes RESULTS.md.
"""
