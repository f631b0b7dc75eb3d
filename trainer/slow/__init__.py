"""The slow loop: trains the network in a process of its own while people label."""
