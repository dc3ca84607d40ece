"""Numbers that describe a row: what is known of its target, user and history.

One file per kind. Every number is as of the row's ``as_of`` time: events at or after it
count for nothing, for positives and negatives alike.
"""
