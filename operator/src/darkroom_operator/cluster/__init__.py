"""The cluster as the operator sees it: cached and referenced objects, and how objects are written."""
