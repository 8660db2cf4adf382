"""Several HTTP processes behind one port: their parent, and what they tell each other."""
