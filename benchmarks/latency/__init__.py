"""The time from the upload of an image to its result, compared with the parts measured alone."""
