"""What people see, compared with stored pictures and texts; docs/testing.md says how."""
