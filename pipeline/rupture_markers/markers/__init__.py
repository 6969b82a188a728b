"""What we look for: codebook, cues, features of a turn, and the types that carry markers."""
