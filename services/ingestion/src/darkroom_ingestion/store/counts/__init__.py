"""Counts of images, results, labels and failures by time, kept in the transactions that change the rows."""
