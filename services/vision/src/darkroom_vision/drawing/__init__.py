"""Pictures with the results of a model drawn on them."""
