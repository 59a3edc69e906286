"""How busy this machine is, as a stream of dgstudio's; its extremes as features; the answer in a text file."""
