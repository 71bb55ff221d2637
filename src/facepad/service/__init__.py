"""The HTTP service: stateless checks, a page to try them, and what operators need."""
