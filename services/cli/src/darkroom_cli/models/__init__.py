"""Models on this machine: inspected, tried on images, and put into a first manifest."""
