"""Many runs: which differences between them are more than chance."""
