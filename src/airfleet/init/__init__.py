"""What has to be there before the first role starts, on both engines; safe at each start and twice at once."""
