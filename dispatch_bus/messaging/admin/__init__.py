"""What the broker has to hold for the bus and its partners, declared and checked over HTTP.

A plan is a list of items; each is asked for, compared and, if missing or another, set. Nothing is
ever removed here: what nobody wants is told to the operator.
"""
