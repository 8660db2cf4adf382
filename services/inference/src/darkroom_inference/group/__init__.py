"""The consumer group: its protocol, and rejoining it when a member's view of it is wrong."""
