"""One pure builder for each kind of object that the operator makes."""
