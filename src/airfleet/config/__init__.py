"""What one deployment is told: .env, its settings and secrets, sizes, and where its files lie."""
