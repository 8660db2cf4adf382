"""The web console in a browser, while images come at a steady rate."""
