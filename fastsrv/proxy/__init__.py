"""What stands between a client and us: who is believed, and how what they say is read."""
