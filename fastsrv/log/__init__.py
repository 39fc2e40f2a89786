"""What is told of requests: gunicorn's access log and hooks, and a log that ends nobody."""
