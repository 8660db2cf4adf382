"""What can be done with an image: submit, find, wait for its results, redrive it."""
