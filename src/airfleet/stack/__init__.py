"""The roles of one deployment, and the two engines that run them: Docker Compose and plain processes."""
