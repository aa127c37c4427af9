"""The HTTP gateway: the bus for consoles and other programs, in a process of its own."""
