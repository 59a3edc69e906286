"""What a DynamicGate MLP is: the network as it is trained, its snapshots, the kernel that serves, what can be proved.

Knows nothing of learning. Start with `network.py`, then `snapshot.py` and `plan.py`.
"""
