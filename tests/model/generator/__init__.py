"""Makes requests: valid ones of every scheme, and what attackers and broken senders make of them.

Everything follows from a `random.Random`, so that a seed says it all.
"""
