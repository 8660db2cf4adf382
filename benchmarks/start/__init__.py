"""How long everything takes to start."""
