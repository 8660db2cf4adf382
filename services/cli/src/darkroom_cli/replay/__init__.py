"""`darkroom replay`: old images analysed again, by a worker process that it starts and follows."""
