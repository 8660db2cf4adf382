"""Lists and exports of the images that a filter selects."""
