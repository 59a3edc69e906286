"""The Inspector: why an answer is what it is, what units and banks do; it shows what `engine/inspection` computes."""
