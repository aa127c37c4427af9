"""Wake-ups over kombu: in memory within one process, or through RabbitMQ between many.

A message here is only ever a reference to work that the store knows of. It may be lost, doubled
or late: that costs latency, nothing else, for every worker also looks by itself.
"""
