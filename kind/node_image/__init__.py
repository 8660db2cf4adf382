"""The image of a kind node: the stock one, or one built here from Go modules and a Debian mirror alone."""
