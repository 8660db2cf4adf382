"""The run-to-completion loop: take a batch of images, analyse them, publish the results, commit the offsets."""
