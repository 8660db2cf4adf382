"""The number of workers of each stage follows the flow of images."""
