"""A process that imports the services' modules once, and forks itself to run them.

Each service would import most of these modules itself, which is half of the CPU time of a start.
"""
