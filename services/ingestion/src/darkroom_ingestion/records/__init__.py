"""What the log says about images, as plain data: received images, results, failures."""
