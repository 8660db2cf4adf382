"""The operations on images: submit, find, wait for results, redrive."""
