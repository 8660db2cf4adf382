"""The run-to-completion loop: take a batch of images, analyse, publish, commit."""
