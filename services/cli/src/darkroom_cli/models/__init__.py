"""Models on this machine: inspecting them, running them on images, and writing a first manifest."""
