"""Service levels: their declaration in a Dag, and their evaluation."""
