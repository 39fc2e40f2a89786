"""HTTP whatever its version (RFC 9110): what fields mean, and the rules for them."""
