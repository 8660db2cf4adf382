"""Who may do what: callers, their credentials, and their rights to pipelines."""
