"""The Inspector: why an answer is what it is, what a unit or a bank does. It shows what `engine/inspection` computes."""
